// Opens pages from disk in a browser without a network and says in a line each what is wrong with them.
// usage: node check-pages.mjs CHROMIUM SCREENSHOTS FILE.html...   exit codes: 0 nothing wrong, 1 something is, 2 usage
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, folder, ...files] = process.argv.slice(2);
if (!files.length) {
  console.error("usage: node check-pages.mjs CHROMIUM SCREENSHOTS FILE.html...");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = [{ width: 1280, height: 900 }, { width: 390, height: 844 }];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
const wrong = [];
let looks = 0;

const overflow = () => document.scrollingElement.scrollWidth - window.innerWidth;
const unfold = () => { for (const one of document.querySelectorAll("details")) one.open = true; };
const judge = async (rules) => {
  const found = await window.axe.run(document, { runOnly: { type: "tag", values: rules } });
  return found.violations.map((one) => `${one.id} at ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
};

async function open(browser, file, screen, scheme, tell, { script = true } = {}) {
  const page = await browser.newPage();
  const url = pathToFileURL(file).href;
  page.on("request", (request) => {
    const asked = request.url();
    if (asked.split("#")[0] !== url && !asked.startsWith("data:")) tell(`asks for ${asked.slice(0, 100)}`);
  });
  page.on("console", (message) => { if (["error", "warning", "assert"].includes(message.type())) tell(`console: ${message.text().slice(0, 200)}`); });
  page.on("pageerror", (error) => tell(`error: ${String(error).slice(0, 200)}`));
  page.on("dialog", async (dialog) => { tell(`dialog: ${dialog.message().slice(0, 100)}`); await dialog.dismiss(); });
  await page.setOfflineMode(true);
  await page.setJavaScriptEnabled(script);
  await page.setViewport(screen);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await page.goto(url, { waitUntil: "load" });
  return page;
}

async function look(browser, file, screen, scheme) {
  const name = `${basename(file, ".html")}-${screen.width}-${scheme}`;
  const tell = (what) => wrong.push(`${name}: ${what}`);
  const page = await open(browser, file, screen, scheme, tell);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  if (await page.evaluate(overflow) > 0) tell(`is ${await page.evaluate(overflow)} px wider than the screen`);
  await page.evaluate(axe);
  for (const violation of await page.evaluate(judge, RULES)) tell(violation);
  await page.evaluate(unfold);
  if (await page.evaluate(overflow) > 0) tell(`unfolded it is ${await page.evaluate(overflow)} px wider than the screen`);
  for (const violation of await page.evaluate(judge, RULES)) tell(`unfolded: ${violation}`);
  await page.close();
  looks += 1;
}

// What a keyboard reaches, each with whether its focus can be seen.
async function walk(page, most) {
  const reached = [];
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => {
      const at = document.activeElement, style = getComputedStyle(at);
      return { tag: at.tagName, kind: at.className, isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 };
    }));
  }
  return reached;
}

async function use(browser, file) {
  const name = basename(file, ".html");
  const tell = (what) => wrong.push(`${name}, in use: ${what}`);
  const page = await open(browser, file, SCREENS[0], "light", tell);
  const has = await page.evaluate(() => ({
    commands: document.querySelectorAll(".command").length, drawings: document.querySelectorAll("svg.rates").length,
    folds: document.querySelectorAll("summary").length, stops: document.querySelectorAll("a, button, summary, [tabindex]").length,
  }));
  const reached = await walk(page, Math.min(has.stops, 120));
  const is = (test) => reached.some(test);
  if (reached[0]?.kind !== "skip") tell("the first stop of the keyboard does not skip to the findings");
  if (has.folds && !is((one) => one.tag === "SUMMARY")) tell("the keyboard reaches no fold");
  if (has.commands && !is((one) => one.tag === "BUTTON")) tell("the keyboard reaches no button that copies");
  const unseen = reached.find((one) => one.tag !== "BODY" && !one.isSeen);
  if (unseen) tell(`the focus of <${unseen.tag.toLowerCase()} class="${unseen.kind}"> cannot be seen`);
  if (has.commands) {
    const said = await page.evaluate(async () => {
      const button = document.querySelector(".command button");
      button.click();
      await new Promise((done) => { setTimeout(done, 300); });
      return button.textContent;
    });
    if (!["Copied", "Selected"].includes(said)) tell(`the button that copies says ${said}`);
  }
  if (has.drawings) {
    await page.focus(".drawing:has(svg.rates)");
    const before = await page.$eval("svg.rates .pane", (pane) => pane.getAttribute("viewBox"));
    await page.keyboard.press("+");
    await page.keyboard.press("ArrowRight");
    const after = await page.$eval("svg.rates .pane", (pane) => pane.getAttribute("viewBox"));
    const told = await page.$eval(".tools output", (out) => out.textContent);
    if (before === after) tell("a drawing does not zoom by keyboard");
    if (!/\d+ of \d+/.test(told)) tell(`a drawing does not tell its counts by keyboard: ${told}`);
  }
  await page.pdf({ path: `${folder}/${name}.pdf`, printBackground: true });
  await page.close();
}

async function read(browser, file) {
  const name = basename(file, ".html");
  const tell = (what) => wrong.push(`${name}, without script: ${what}`);
  const page = await open(browser, file, SCREENS[1], "light", tell, { script: false });
  const seen = await page.evaluate(() => ({
    text: document.body.innerText, buttons: document.querySelectorAll("button").length,
    isShown: [...document.querySelectorAll("h1, .answers dd, #coverage p")].every((one) => one.closest("details:not([open])") || one.getClientRects().length > 0),
  }));
  if (seen.buttons) tell("there are buttons that do nothing");
  if (!seen.isShown) tell("something is not shown");
  if (!/Coverage and blind spots/.test(seen.text)) tell("the page does not end");
  await page.screenshot({ path: `${folder}/${name}-390-noscript.png`, fullPage: true });
  await page.close();
}

const options = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : []; // root has none
const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: [...options, ...sandbox] });
try {
  for (const file of files) {
    for (const screen of SCREENS) for (const scheme of ["light", "dark"]) await look(browser, file, screen, scheme);
    await use(browser, file);
    await read(browser, file);
  }
} finally {
  await browser.close();
}
for (const line of wrong) console.error(line);
console.log(`${files.length} pages looked at in ${looks} ways, ${wrong.length} things wrong; screenshots in ${folder}`);
process.exitCode = wrong.length ? 1 : 0;
