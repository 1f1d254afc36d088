// Measures the studio in chromium and prints milliseconds as JSON.
// node studio_driver.cjs PLAYWRIGHT CHROMIUM ADDRESS TASK TIMES
// A measurement that needs the engine's own time prints {"mark": NAME} before and after and waits for a line.
const [playwright, executablePath, address, task, times] = process.argv.slice(2);
const { chromium } = require(playwright);
const answers = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Milliseconds between looking and doing: by then an engine's connection is no longer taken for granted.
const THINKING = 3000;

const mark = async (name) => {
  console.log(JSON.stringify({ mark: name }));
  await answers.next();
};

// When a sound begins, in the clock of the page; the page's player is not part of its document.
const listen = () => {
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (!this.measured) this.addEventListener("playing", () => globalThis.sounding?.(performance.now()));
    this.measured = true;
    return play.call(this);
  };
};

// Milliseconds from an event that a person causes until something is so, looked at in every frame.
const until = (page, cause, so) =>
  page.evaluate(
    async ([causeText, soText]) => {
      const [done, begin] = [new Function(`return ${soText}`)(), new Function(`return ${causeText}`)()];
      const began = performance.now();
      begin();
      while (!done()) await new Promise(requestAnimationFrame);
      return performance.now() - began;
    },
    [String(cause), String(so)],
  );

const untilSound = (page, cause) =>
  page.evaluate(async (causeText) => {
    const began = performance.now();
    const heard = new Promise((resolve) => (globalThis.sounding = resolve));
    new Function(`return ${causeText}`)()();
    return (await heard) - began;
  }, String(cause));

const opened = async (page) => {
  await page.goto(address);
  await page.locator(".episodes a").first().click();
  await page.locator("[data-utterance]").first().waitFor();
};

// A line answers when a key moves the focus to the next one.
const clickEpisode = () => document.querySelector(".episodes a").click();
const answering = () => {
  const rows = document.querySelectorAll("[data-utterance]");
  if (rows.length < 2) return false;
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }));
  return document.activeElement === rows[1];
};

const tasks = {
  async list(page) {
    await page.goto("about:blank");
    const began = Date.now();
    await page.goto(address);
    await page.locator(".episodes a").first().waitFor();
    return Date.now() - began;
  },
  async empty(page) {
    await page.goto(address);
    return page.evaluate(async () => {
      const began = performance.now();
      await (await fetch("/page/index.html", { cache: "no-store" })).text();
      return performance.now() - began;
    });
  },
  async open(page) {
    await page.goto(address);
    await page.locator(".episodes a").first().waitFor();
    return until(page, clickEpisode, answering);
  },
  async line(page) {
    await opened(page);
    return untilSound(page, () => document.querySelectorAll("[data-utterance] [data-action=play]")[3].click());
  },
  async from(page) {
    await opened(page);
    return untilSound(page, () => document.querySelectorAll("[data-utterance] [data-action=from]")[20].click());
  },
  async accent(page, number) {
    await opened(page);
    await page.locator("[data-utterance]").nth(4 + number).locator("[data-action=edit]").click();
    await page.locator("[data-tab=accent]").click();
    await page.locator(".accent").first().waitFor();
    await page.waitForTimeout(THINKING);
    await mark("before");
    const taken = await untilSound(page, () => {
      const accent = document.querySelector(".accent");
      accent.value = String((Number(accent.value) + 1) % (Number(accent.max) + 1));
      accent.dispatchEvent(new Event("input", { bubbles: true }));
      accent.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await mark("after");
    return taken;
  },
  async search(page) {
    await opened(page);
    // A long episode is shown piece by piece; all of it is searched.
    await page.evaluate(async () => {
      for (let count = 0, still = 0; still < 60; still++) {
        const now = document.querySelectorAll("[data-utterance]").length;
        if (now !== count) still = 0;
        count = now;
        await new Promise(requestAnimationFrame);
      }
    });
    return until(
      page,
      () => {
        const field = document.querySelector("input[type=search][aria-keyshortcuts=f]");
        field.value = "言語モデル";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      },
      () => {
        const shown = [...document.querySelectorAll("[data-utterance]")].filter((row) => !row.hidden);
        return shown.length > 0 && shown.every((row) => row.textContent.includes("言語モデル"));
      },
    );
  },
};

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required"] });
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: "en-US" });
  await context.addInitScript(listen);
  const page = await context.newPage();
  const taken = [];
  for (let number = 0; number < Number(times); number++) taken.push(await tasks[task](page, number));
  await browser.close();
  console.log(JSON.stringify({ milliseconds: taken }));
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
