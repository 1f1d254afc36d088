// Uses the studio in chromium as a person would, and prints what happened as JSON.
// node page_driver.cjs PLAYWRIGHT CHROMIUM ADDRESS STORY LOCALE
// A story is a function of a file in stories/. Where it needs something done outside of the browser, it prints {"ask": WHAT} and waits for a line.
const fs = require("node:fs");
const path = require("node:path");

const [playwright, executablePath, address, story, locale] = process.argv.slice(2);
const { chromium } = require(playwright);
const answers = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const ask = async (what) => {
  console.log(JSON.stringify({ ask: what }));
  await answers.next();
};

setTimeout(() => {
  console.error(`the page did not do what was waited for: ${story}`);
  process.exit(1);
}, 110000).unref(); // a browser on a busy machine takes half a minute to begin

const text = (locator) => locator.evaluateAll((found) => found.map((element) => element.innerText.trim()));
const rows = (page) => page.locator("[data-utterance]");
const said = (page) => text(rows(page).locator(".text"));
const current = (page) => page.evaluate(() => [...document.querySelectorAll("[aria-current] .text")].map((element) => element.textContent));
const focused = (page) => page.evaluate(() => document.activeElement.closest("[data-utterance]")?.querySelector(".text").textContent ?? null);
const answered = (page, part) => page.waitForResponse((response) => response.url().includes(part));

// A panel keeps the sound of its line as it is before anything is changed.
const mend = async (page, row) => {
  const kept = answered(page, "/api/sound/");
  await rows(page).nth(row).locator("[data-action=edit]").click();
  await kept;
};

const open = async (page, title) => {
  await page.goto(address);
  await page.locator(".episodes a", { hasText: title }).click();
  await rows(page).first().waitFor();
};

const axe = fs.readFileSync(path.join(playwright, "..", "axe-core", "axe.min.js"), "utf-8");
const hands = { address, answered, ask, axe, current, focused, mend, open, rows, said, text };
const folder = path.join(__dirname, "stories");
const stories = Object.assign({}, ...fs.readdirSync(folder).map((file) => require(path.join(folder, file))(hands)));

(async () => {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required"],
  });
  const problems = [];
  const hosts = new Set();
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale });
  context.on("request", (request) => hosts.add(new URL(request.url()).protocol === "blob:" ? "blob" : new URL(request.url()).host));
  context.on("console", (message) => problems.push(message.text()));
  context.on("weberror", (error) => problems.push(String(error.error())));
  const told = await stories[story](await context.newPage());
  await browser.close();
  console.log(JSON.stringify({ told: { ...told, problems, hosts: [...hosts] } }));
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
