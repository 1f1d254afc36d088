// The whole of it by keyboard, with an engine that fails, and as it looks.
module.exports = ({ address, answered, ask, current, focused, open, rows, said }) => ({
  async keyboard(page) {
    await page.goto(address);
    await page.locator(".episodes a").first().waitFor();
    await page.keyboard.press("ArrowDown"); // from the field to the first episode
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
    sound = answered(page, "/api/trial/");
    await page.keyboard.press("ArrowLeft");
    await sound;
    await page.locator("[aria-current]").waitFor();
    await page.keyboard.press("Escape"); // stops what sounds
    told.stopped = (await current(page)).length === 0;
    await page.locator(".mend .top", { hasText: "Saved in the script" }).waitFor();
    await page.keyboard.press("Escape"); // closes the panel
    told.closed = (await page.locator(".mend").count()) === 0 && (await focused(page)) === all[1];
    await page.keyboard.press("Control+z");
    await page.locator("[data-action=undo]:disabled").waitFor();
    await page.keyboard.press("v");
    await page.locator("[data-key=speed]:focus").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.locator(".mend .top", { hasText: "Saved in the script" }).waitFor();
    await page.locator("[aria-current]").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    told.slower = (await page.locator(".mend").count()) === 0 && (await focused(page)) === all[1];
    await page.keyboard.press("Control+z");
    await page.locator("[data-action=undo]:disabled").waitFor();
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
    await rows(page).first().waitFor();
    const help = page.locator("[data-kind=no-engine]");
    const told = { help: await help.innerText(), engineless: (await said(page)).length };
    await ask("back");
    await help.waitFor({ state: "detached" }); // by itself
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
      told[`cut off ${width}`] = await page.evaluate(
        () => [...document.querySelectorAll("button, .state, .badge")].filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0).map((element) => element.textContent).join(", "),
      );
      await rows(page).nth(0).locator("[data-action=edit]").click();
      await page.locator("[data-tab=accent]").click();
      await page.locator(".accent").first().waitFor();
      told[`accent ${width}`] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      told[`unnamed ${width}`] = await page.evaluate(
        () => [...document.querySelectorAll("button, input, select")].filter((element) => !(element.ariaLabel || element.labels?.length || element.textContent.trim())).length,
      );
    }
    told.foreign = await page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, [onclick], body [style*=url]").length);
    return told;
  },
});
