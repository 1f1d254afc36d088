// Uses the studio in chromium as a person would, and prints what happened as JSON.
// node page_driver.cjs PLAYWRIGHT CHROMIUM ADDRESS STORY
// Where the story needs something done outside of the browser, it prints {"ask": WHAT} and waits for a line.
const [playwright, executablePath, address, story] = process.argv.slice(2);
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

const stories = {
  async list(page) {
    await page.goto(address);
    await page.locator(".episodes a").first().waitFor();
    const told = { all: await text(page.locator(".episodes a")), key: page.url().includes("key=") };
    await page.mouse.click(5, 700);
    await page.keyboard.press("/");
    await page.keyboard.type("さーばー");
    told.found = await text(page.locator(".episodes a .title"));
    await page.keyboard.press("Enter");
    await rows(page).first().waitFor();
    told.hash = decodeURIComponent(new URL(page.url()).hash);
    told.said = await said(page);
    told.title = await page.title();
    await page.reload();
    await rows(page).first().waitFor();
    told.reloaded = await said(page);
    await page.goBack();
    await page.locator(".episodes a").first().waitFor();
    told.back = await page.locator(".episodes a").count();
    return told;
  },

  async play(page) {
    await open(page, "サーバー");
    await page.locator(".player select").selectOption("2");
    const sound = answered(page, "/api/sound/");
    await rows(page).nth(2).locator("[data-action=play]").click();
    const told = { alone: (await sound).status() };
    await page.waitForFunction(() => document.querySelector("[aria-current]"));
    told.current = await current(page);
    await page.waitForFunction(() => !document.querySelector("[aria-current]")); // it has ended by itself
    told.state = await rows(page).nth(2).locator(".state").innerText();

    await rows(page).nth(1).locator("[data-action=from]").click();
    await page.locator(".now .sounds").waitFor();
    told.stream = await current(page);
    told.mora = await page.locator(".now .sounds").innerText();
    await page.waitForFunction((was) => document.querySelector("[aria-current] .text")?.textContent !== was, told.stream[0]);
    told.next = await current(page);
    await page.keyboard.press("Space");
    await page.locator(".player [data-action=toggle][aria-label=Resume]").waitFor();
    told.paused = await current(page);
    await page.keyboard.press("Space");
    await page.locator(".player [data-action=toggle][aria-label=Pause]").waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction((was) => ![undefined, was].includes(document.querySelector("[aria-current] .text")?.textContent), told.next[0]);
    told.skipped = await current(page);
    await page.keyboard.press("Escape");
    told.stopped = await current(page);
    return told;
  },

  async text(page) {
    await open(page, "サーバー");
    const before = await said(page);
    await mend(page, 1);
    const field = page.locator(".source");
    await page.waitForFunction(() => document.querySelector(".source").value);
    const told = { source: await field.inputValue() };
    await field.fill("皆さま、ごきげんよう。お嬢様ずんだもんでしてよ。");
    const sound = answered(page, "/api/sound/");
    await field.press("Enter");
    told.spoken = decodeURIComponent((await sound).url());
    const after = await said(page);
    told.changed = after.filter((line) => !before.includes(line));
    told.gone = before.filter((line) => !after.includes(line));
    told.open = await page.locator(".source").inputValue();
    await ask("saved");
    await page.locator("[data-action=undo]:enabled").waitFor();
    told.undo = await page.locator("[data-action=undo]").getAttribute("aria-label");
    await page.locator(".mend .top button", { hasText: "Close" }).click();
    await page.keyboard.press("Control+z");
    await page.waitForFunction((line) => [...document.querySelectorAll(".text")].some((element) => element.textContent === line), told.gone[0]);
    told.undone = await said(page);
    await ask("undone");
    await page.locator("[data-action=redo]").click();
    await page.waitForFunction((line) => [...document.querySelectorAll(".text")].some((element) => element.textContent === line), told.changed[0]);
    told.before = before;
    return told;
  },

  async meanwhile(page) {
    await open(page, "サーバー");
    await rows(page).nth(0).locator("[data-action=edit]").click();
    await page.waitForFunction(() => document.querySelector(".source").value);
    const field = page.locator(".source");
    await field.fill("わたしの文。");
    // Somebody else, in another tab, changes another line.
    const other = await page.context().newPage();
    await open(other, "サーバー");
    await rows(other).nth(4).locator("[data-action=edit]").click();
    await other.waitForFunction(() => document.querySelector(".source").value);
    await other.locator(".source").fill("よそで変わった行。");
    await other.locator(".source").press("Enter");
    await page.locator(".text", { hasText: "よそで変わった行。" }).waitFor();
    const told = { kept: await field.inputValue(), said: await said(page) };
    await other.close();
    // And somebody changes this very line in an editor.
    await ask("edit");
    await field.press("Enter");
    await page.locator(".theirs").waitFor();
    told.theirs = await page.locator(".theirs").innerText();
    told.mine = await field.inputValue();
    await ask("conflict");
    await page.locator(".note button").first().click();
    await page.locator(".text", { hasText: "わたしの文。" }).waitFor();
    return told;
  },

  async accent(page) {
    await open(page, "サーバー");
    await rows(page).nth(1).locator("[data-action=play]").click();
    await page.waitForFunction(() => document.querySelectorAll("[data-utterance]")[1].classList.contains("spoken"));
    await mend(page, 1);
    await page.locator("[data-tab=accent]").click();
    const accent = page.locator(".accent").first();
    await accent.waitFor();
    const told = { phrases: await text(page.locator(".phrase .moras")), was: Number(await accent.inputValue()) };
    let sound = answered(page, "/api/sound/");
    await accent.focus();
    await page.keyboard.press("ArrowLeft");
    told.is = Number(await accent.inputValue());
    told.said = await accent.getAttribute("aria-valuetext");
    told.spoken = (await sound).status();
    await rows(page).nth(1).locator(".mended:visible").waitFor();
    await page.waitForFunction(() => document.querySelector("[data-action=compare]").disabled === false);
    told.focused = await page.evaluate(() => document.activeElement.className);
    await ask("moved");
    await page.keyboard.press("b");
    told.compared = await page.locator(".which").innerText();
    sound = answered(page, "/api/sound/");
    await page.locator("[data-action=split]").first().click();
    await sound;
    told.split = await text(page.locator(".phrase .moras"));
    await ask("split");
    sound = answered(page, "/api/sound/");
    await page.locator("[data-action=join]").first().click();
    await sound;
    told.joined = await text(page.locator(".phrase .moras"));
    const pitch = page.locator(".tune.pitch:enabled").first();
    sound = answered(page, "/api/sound/");
    await pitch.focus();
    await page.keyboard.press("ArrowUp");
    await sound;
    told.pitch = Number(await pitch.inputValue());
    await ask("raised");
    await page.locator("[data-action=kana]").first().click();
    sound = answered(page, "/api/sound/");
    await page.locator(".spelling input").fill("ざ'りがに");
    await page.keyboard.press("Enter");
    await sound;
    told.spelled = await text(page.locator(".phrase .moras"));
    await ask("spelled");
    sound = answered(page, "/api/sound/");
    await page.locator("[data-action=reset]").click();
    await sound;
    await page.waitForFunction((was) => Number(document.querySelector(".accent").value) === was, told.was);
    told.reset = await text(page.locator(".phrase .moras"));
    return told;
  },

  async keyboard(page) {
    await page.goto(address);
    await page.locator(".episodes a").first().waitFor();
    await page.keyboard.press("Tab"); // from the field to the first episode
    await page.keyboard.press("Enter");
    await rows(page).first().waitFor();
    const all = await said(page);
    const told = { first: (await focused(page)) === all[0] };
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("k");
    told.moved = (await focused(page)) === all[1];
    await page.keyboard.press("?");
    told.help = await page.evaluate(() => document.querySelector("dialog").open);
    await page.keyboard.press("Escape");
    await page.keyboard.press("f");
    await page.keyboard.type("ほほ");
    told.found = await page.locator("[data-utterance]:visible").count();
    await page.keyboard.press("Escape");
    told.back = (await focused(page)) === all[1];
    let sound = answered(page, "/api/sound/");
    await page.keyboard.press("Enter");
    await sound;
    sound = answered(page, "/api/sound/");
    await page.keyboard.press("a");
    await page.locator(".accent:focus").waitFor();
    await sound;
    sound = answered(page, "/api/sound/");
    await page.keyboard.press("ArrowLeft");
    await sound;
    await page.locator(".mended:visible").waitFor();
    await page.locator("[aria-current]").waitFor();
    await page.keyboard.press("Escape"); // stops what sounds
    told.stopped = (await current(page)).length === 0;
    await page.keyboard.press("Escape"); // closes the panel
    told.closed = (await page.locator(".mend").count()) === 0 && (await focused(page)) === all[1];
    await page.keyboard.press("Control+z");
    await page.locator(".mended:visible").waitFor({ state: "hidden" });
    sound = answered(page, "/api/sound/");
    await page.keyboard.press("e");
    await sound;
    await page.locator(".source:focus").waitFor();
    await page.waitForFunction(() => document.querySelector(".source").value);
    await page.keyboard.press("End");
    await page.keyboard.type("よくてよ。");
    sound = answered(page, "/api/sound/");
    await page.keyboard.press("Enter");
    await sound;
    told.added = (await said(page)).filter((line) => !all.includes(line));
    return told;
  },

  async engine(page) {
    await ask("gone");
    await page.goto(address);
    await page.locator(".episodes a", { hasText: "サーバー" }).click();
    const trouble = page.locator(".troubles .trouble");
    await trouble.waitFor();
    const told = { trouble: await trouble.innerText() };
    await ask("back");
    await trouble.locator("button").first().click();
    await rows(page).first().waitFor();
    told.left = await trouble.count();
    await ask("refuses");
    await rows(page).nth(3).locator("[data-action=play]").click();
    await page.locator("[data-utterance].failed").first().waitFor();
    told.failed = await rows(page).nth(3).locator(".reason").innerText();
    told.others = await page.locator("[data-utterance].failed").count();
    await rows(page).nth(5).locator("[data-action=from]").click();
    await page.locator("[data-utterance].failed").nth(1).waitFor();
    await page.locator(".player [data-action=stop]:disabled").waitFor();
    told.silent = await current(page);
    await ask("stop");
    await page.locator(".trouble[data-kind=gone]").waitFor();
    told.gone = await page.locator(".trouble[data-kind=gone]").innerText();
    return told;
  },

  async look(page) {
    const told = {};
    await page.goto(address);
    told.heading = await page.locator("h1").innerText();
    told.language = await page.evaluate(() => document.documentElement.lang);
    for (const width of [1200, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await page.goto(address);
      await page.locator(".episodes a").first().waitFor();
      told[`list ${width}`] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      await open(page, "サーバー");
      await rows(page).nth(0).locator("[data-action=edit]").click();
      await page.locator("[data-tab=accent]").click();
      await page.locator(".accent").first().waitFor();
      told[`accent ${width}`] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      told[`unnamed ${width}`] = await page.evaluate(
        () => [...document.querySelectorAll("button, input, select")].filter((element) => !(element.ariaLabel || element.labels?.length || element.innerText.trim())).length,
      );
    }
    told.foreign = await page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, [onclick], body [style*=url]").length);
    return told;
  },
};

(async () => {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required"],
  });
  const problems = [];
  const hosts = new Set();
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: story === "look" ? "ja-JP" : "en-US" });
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
