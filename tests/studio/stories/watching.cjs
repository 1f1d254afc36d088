// What others do meanwhile: to the script while a panel is open, to a line that is still to be heard, and to the engine.
module.exports = ({ ask, current, open, rows, said }) => ({
  async beside(page) {
    await open(page, "サーバー");
    await rows(page).nth(0).locator("[data-action=edit]").click();
    await page.locator(".source:focus").waitFor();
    await page.waitForFunction(() => document.querySelector(".source").value);
    await page.locator(".source").fill("まだ保存していない文。");
    const began = Date.now();
    await ask("edit");
    await page.locator(".text", { hasText: "よその編集。" }).waitFor();
    const told = { milliseconds: Date.now() - began, typed: await page.locator(".source").inputValue() };
    told.focused = await page.evaluate(() => document.activeElement.className);
    await ask("break");
    await page.locator(".failing").waitFor();
    told.failing = await page.locator(".failing").innerText();
    told.rows = (await said(page)).includes("よその編集。");
    await page.locator("[data-action=publish]").click();
    await page.locator(".publish .trouble").waitFor();
    told.unpublished = await page.locator(".publish").innerText();
    told.troubles = await page.locator(".troubles .trouble").count();
    await ask("mend");
    await page.locator(".failing").waitFor({ state: "detached" });
    told.kept = await page.locator(".source").inputValue();
    await page.locator("[data-action=render]").waitFor(); // by itself
    await page.goto(page.url().replace(/#.*/, "#"));
    await page.locator(".episodes a").first().waitFor();
    await ask("post");
    await page.locator(".episodes a", { hasText: "あたらしい回" }).waitFor();
    told.listed = await page.locator(".episodes a").count();
    return told;
  },

  async turning(page) {
    await open(page, "サーバー");
    const all = await said(page);
    await rows(page).nth(0).locator("[data-action=from]").click();
    await page.locator("[data-utterance].spoken").nth(6).waitFor(); // sent already, and not heard yet
    await ask("edit");
    await page.locator(".text", { hasText: "途中で変わった行。" }).waitFor();
    await page.waitForFunction(() => document.querySelector("[aria-current] .text")?.textContent === "途中で変わった行。", null, { timeout: 60000 });
    const told = { heard: await current(page), before: all[3], now: (await said(page))[3] };
    await page.locator(".now .sounds").waitFor();
    await page.locator("[aria-current] .wave svg").waitFor();
    await page.keyboard.press("Escape");
    const alone = page.locator(".now .sounds");
    await rows(page).nth(1).locator("[data-action=play]").click();
    await alone.waitFor(); // a line alone tells its moras too
    told.mora = await alone.innerText();
    await page.keyboard.press("Escape");
    await ask("dies");
    await page.locator(".trouble[data-kind=engine]").waitFor();
    told.trouble = await page.locator(".trouble[data-kind=engine]").innerText();
    await rows(page).nth(1).locator("[data-action=edit]").click();
    await page.locator("[data-tab=accent]").click();
    await page.locator(".accents .trouble:visible").waitFor();
    told.accents = await page.locator(".accents .trouble").innerText();
    told.troubles = await page.locator(".troubles .trouble").count();
    await ask("other");
    await page.locator(".accents .phrase").first().waitFor(); // by itself
    await page.locator(".trouble[data-kind=other-engine]", { hasText: "0.26.0" }).waitFor();
    told.other = await page.locator(".troubles .trouble").allInnerTexts();
    await ask("word");
    await page.locator(".trouble[data-kind=other-engine]", { hasText: "dictionary" }).waitFor();
    told.states = await page.locator("[data-utterance].spoken").count();
    await ask("swap");
    await rows(page).nth(5).locator("[data-action=from]").click();
    await page.locator(".trouble[data-kind=other-engine]", { hasText: "0.27.0" }).waitFor();
    told.swapped = await page.locator(".troubles .trouble").count();
    return told;
  },
});
