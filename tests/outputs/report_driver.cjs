// Opens a report in chromium, uses it as a person would, and prints what happened as JSON.
// node report_driver.cjs PLAYWRIGHT CHROMIUM ADDRESS PICTURES
const [playwright, executablePath, address, pictures] = process.argv.slice(2);
const { chromium } = require(playwright);

const state = () => {
  const audio = document.querySelector("audio");
  const current = document.querySelectorAll("[aria-current]");
  return {
    duration: audio.duration,
    time: audio.currentTime,
    current: [...current].map((line) => line.querySelector(".words").firstChild.textContent.trim()),
    trouble: document.querySelector("#trouble").textContent,
    head: parseFloat(document.querySelector("#played").style.width),
  };
};

// In which language the page speaks.
const spoken = () => {
  const line = document.querySelector(".said li:not(.sound)");
  return [
    document.documentElement.lang,
    document.querySelector("#said").textContent,
    line.querySelector(".line").textContent,
    line.querySelector(".state").textContent,
    line.querySelector("button").getAttribute("aria-label"),
    document.querySelector(".player").getAttribute("aria-label"),
  ];
};

// Where the player is when the next seek has ended; playing goes on from there.
const sought = () =>
  new Promise((resolve) => {
    const audio = document.querySelector("audio");
    audio.addEventListener("seeked", () => resolve(audio.currentTime), { once: true });
  });

// When the mark moves on by itself.
const moved = () =>
  new Promise((resolve) => {
    const audio = document.querySelector("audio");
    const seen = document.querySelector("[aria-current]");
    const watch = new MutationObserver(() => {
      const now = document.querySelector("[aria-current]");
      if (now && now !== seen) {
        watch.disconnect();
        resolve({ time: audio.currentTime, start: Number(now.dataset.start) });
      }
    });
    watch.observe(document.body, { attributes: true, subtree: true, attributeFilter: ["aria-current"] });
  });

setTimeout(() => {
  console.error("the page did not do what was waited for");
  process.exit(1);
}, 110000).unref(); // a browser on a busy machine takes half a minute to begin

(async () => {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required"],
  });
  const report = { requests: [], problems: [] };
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  page.on("request", (request) => report.requests.push(request.url()));
  page.on("console", (message) => report.problems.push(message.text()));
  page.on("pageerror", (error) => report.problems.push(String(error)));
  await page.goto(address);
  await page.waitForFunction(() => document.querySelector("audio").readyState > 0 || document.querySelector("audio").error);
  report.loaded = await page.evaluate(state);
  const buttons = page.locator(".said li:not(.sound) button");

  if (pictures) {
    let wait = page.evaluate(sought);
    await buttons.nth(2).click();
    report.clicked = await wait;
    report.afterClick = await page.evaluate(state);
    report.moved = await page.evaluate(moved);
    report.afterMove = await page.evaluate(state);
    await page.evaluate(() => document.querySelector("audio").pause());

    await buttons.nth(0).focus();
    await page.keyboard.press("ArrowDown");
    wait = page.evaluate(sought);
    await page.keyboard.press("Enter");
    report.keyed = await wait;
    await page.evaluate(() => document.querySelector("audio").pause());

    const box = await page.locator("#graph").boundingBox();
    wait = page.evaluate(sought);
    await page.mouse.click(box.x + box.width / 2, box.y + 20);
    report.halfway = await wait;

    await page.locator("#only-new").check();
    report.onlyNew = await page.locator(".said li:visible").count();
    await page.locator("#only-new").uncheck();

    report.foreign = await page.evaluate(() => ({
      elements: document.querySelectorAll("img, iframe, object, embed, form, [onerror], [onclick], [style*=url]").length,
      scripts: document.scripts.length,
      hacked: "hacked" in window,
    }));
    report.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

    const cdp = await page.context().newCDPSession(page);
    await cdp.send("DOM.enable");
    await cdp.send("CSS.enable");
    const { root } = await cdp.send("DOM.getDocument");
    const { nodeId } = await cdp.send("DOM.querySelector", { nodeId: root.nodeId, selector: ".said .words" });
    report.fonts = (await cdp.send("CSS.getPlatformFontsForNode", { nodeId })).fonts.map((font) => font.familyName);

    await page.locator("h1").scrollIntoViewIfNeeded();
    await page.evaluate(() => scrollTo(0, 0));
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${pictures}/${colorScheme}.png` });
      report[colorScheme] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    report.narrow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.screenshot({ path: `${pictures}/narrow.png` });

    report.spoken = {};
    for (const locale of ["en-US", "ja-JP"]) {
      const other = await browser.newPage({ locale, viewport: { width: 1200, height: 900 } });
      await other.goto(address);
      report.spoken[locale] = await other.evaluate(spoken);
      await other.screenshot({ path: `${pictures}/${locale}.png` });
    }
  } else {
    await buttons.nth(2).click();
    await page.waitForTimeout(300);
    report.afterClick = await page.evaluate(state);
  }
  await browser.close();
  console.log(JSON.stringify(report));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
