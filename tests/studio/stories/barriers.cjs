// What axe-core finds in each view, in the light and in the dark.
module.exports = ({ address, axe, open, rows }) => {
  const look = async (page, found, view) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      for (const { id, nodes } of violations) found.push(`${view}, ${colorScheme}: ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
    }
  };

  return {
    async barriers(page) {
      const found = [];
      const views = [];
      const see = async (view) => {
        views.push(view);
        await look(page, found, view);
      };
      await page.goto(address);
      await page.locator(".episodes a").first().waitFor();
      await see("list");
      await open(page, "サーバー");
      await see("episode");
      await page.keyboard.press("h");
      await page.keyboard.type("です");
      await page.keyboard.press("Enter");
      await page.locator("mark.current").waitFor();
      await see("replace");
      await page.keyboard.press("Escape");
      await page.keyboard.press("d");
      await page.locator(".words.choices button").first().click();
      await page.locator("#word-reading:focus").waitFor();
      await page.locator("#word-reading").fill("よみ");
      await page.locator(".changes li").first().waitFor();
      await see("word");
      await page.keyboard.press("Escape");
      await rows(page).nth(0).locator("[data-action=edit]").click();
      await page.waitForFunction(() => document.querySelector(".source").value);
      await see("text");
      await page.locator("[data-tab=accent]").click();
      await page.locator(".accent").first().waitFor();
      await see("accent");
      await page.locator("[data-action=kana]").first().click();
      await see("kana");
      await page.keyboard.press("Escape");
      await page.locator("[data-tab=manner]").click();
      await page.locator("[data-key=speed]").waitFor();
      await see("manner");
      await page.keyboard.press("Escape");
      await page.keyboard.press("r");
      await page.locator("[data-action=render]").click();
      await page.locator("[data-action=write]").waitFor();
      await page.locator(".graph").waitFor();
      await see("publish");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await see("keys");
      await page.keyboard.press("Escape");
      await page.evaluate(() => { location.hash = "nothing.md"; });
      await page.locator(".trouble").waitFor();
      await see("trouble");
      return { found, views };
    },
  };
};
