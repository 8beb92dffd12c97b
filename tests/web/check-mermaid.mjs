// Parses every Mermaid block of the Markdown files named, with the official package; a line for each that fails.
// Exit codes: 0 all parse, 1 some do not, 2 usage or a file without any block where --some is given.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>");
globalThis.window = window;
globalThis.document = window.document;

const mermaid = (await import("mermaid")).default;
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });

const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const wantsSome = process.argv.includes("--some");
if (!names.length) {
  console.error("usage: node check-mermaid.mjs [--some] FILE.md...");
  process.exit(2);
}

let parsed = 0;
let failed = 0;
for (const name of names) {
  const blocks = [...readFileSync(name, "utf8").matchAll(/^(`{3,})mermaid[ \t]*\n([\s\S]*?)^\1[ \t]*$/gm)];
  for (const [at, block] of blocks.entries()) {
    try {
      await mermaid.parse(block[2]);
      parsed += 1;
    } catch (error) {
      failed += 1;
      console.error(`${name}: Mermaid block ${at + 1} does not parse: ${String(error.message).split("\n").slice(0, 4).join(" | ")}`);
    }
  }
  if (wantsSome && !blocks.length) {
    console.error(`${name}: has no Mermaid block`);
    process.exitCode = 2;
  }
}
console.log(`${parsed} Mermaid blocks parse, ${failed} do not`);
if (failed) process.exitCode = 1;
