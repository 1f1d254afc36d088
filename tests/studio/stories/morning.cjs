// A morning's work on the newest episode: heard, mended in its text and in an accent, rendered, written into the post.
module.exports = ({ address, answered, ask, mend, rows, said }) => ({
  async morning(page) {
    await page.goto(address);
    await page.locator(".episodes a").first().click();
    await rows(page).first().waitFor();
    const lines = await said(page);
    const told = { lines: lines.length, title: await page.locator("h1").innerText() };
    await page.locator(".player select").selectOption("2");
    await page.locator("[data-action=all]").click();
    await page.locator("[aria-current]").waitFor();
    await page.keyboard.press("Escape");

    await mend(page, 1);
    const field = page.locator(".source");
    await page.waitForFunction(() => document.querySelector(".source").value);
    told.source = await field.inputValue();
    await field.fill(`${told.source}いい朝です。`);
    let sound = answered(page, "/api/sound/");
    await field.press("Enter");
    await sound;
    await page.locator(".text", { hasText: "いい朝です。" }).waitFor();
    await ask("text");

    await page.locator("[data-tab=accent]").click();
    const accent = page.locator(".accent").first();
    await accent.waitFor();
    told.moras = await page.locator(".moras").first().innerText();
    // An embedded engine is heard when it is saved, another one meanwhile.
    sound = page.waitForResponse((response) => /\/api\/(sound|trial)\//.test(response.url()));
    await accent.focus();
    await page.keyboard.press((await accent.inputValue()) === "0" ? "ArrowRight" : "ArrowLeft");
    await sound;
    await page.locator(".mend .top", { hasText: /Saved (in|as)/ }).waitFor();
    await ask("accent");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");

    await page.keyboard.press("r");
    await page.locator("[data-action=render]:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.locator("[data-action=write]").waitFor();
    await ask("rendered");
    await page.locator("[data-action=write]").click();
    await page.locator("[data-action=write]").waitFor({ state: "detached" });
    await ask("written");
    return told;
  },
});
