// Takes a picture of each page, as wide as a desk and as a phone, without a network: to be looked at by a person.
// usage: node draw-page.mjs CHROMIUM SCREENSHOTS FILE.html...
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, folder, ...files] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
for (const file of files) {
  for (const width of [900, 390]) {
    const page = await browser.newPage();
    await page.setOfflineMode(true);
    await page.setViewport({ width, height: 844 });
    await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
    await page.waitForFunction(() => [...document.querySelectorAll("pre.mermaid")].every((one) => one.querySelector("svg")));
    await page.screenshot({ path: `${folder}/${basename(file, ".html")}-${width}.png`, fullPage: true });
    await page.close();
  }
}
await browser.close();
