// One studio, a page in Japanese and one in English beside each other: what each says in every view, and of the same failure.
module.exports = ({ address, ask, open, rows }) => {
  // What an element says itself that is in another language than its page. Of texts in Japanese, English ones are left alone.
  const foreign = (page) =>
    page.evaluate(() => {
      const found = [];
      for (const element of document.body.querySelectorAll(":not(script)")) {
        const own = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data.trim());
        const shown = element.closest("[lang=ja], code, kbd, pre, .diff") ? [] : own;
        for (const text of [...shown, element.ariaLabel, element.title, element.getAttribute("placeholder"), element.getAttribute("aria-valuetext")]) {
          if (text && /[a-z]{2}/i.test(text) && !/[ぁ-ヿ一-鿿]/.test(text)) found.push(text);
        }
      }
      return [...new Set(found)];
    });

  return {
    async languages(page) {
      const english = await (await page.context().browser().newContext({ locale: "en-US" })).newPage();
      const told = { said: {}, failed: [], titles: [] };
      const see = async (view) => {
        told.said[view] = await foreign(page);
      };
      await page.goto(address);
      await page.locator(".episodes a").first().waitFor();
      await see("list");
      for (const each of [page, english]) {
        await open(each, "サーバー");
        told.titles.push(await each.locator(".bar .up").innerText());
      }
      await see("episode");
      await ask("refuses");
      await rows(page).nth(3).locator("[data-action=play]").click();
      for (const each of [page, english]) {
        await each.locator("[data-utterance].failed").first().waitFor();
        told.failed.push(await rows(each).nth(3).locator(".reason").innerText());
      }
      await see("failed");
      await page.keyboard.press("?");
      await see("keys");
      await page.keyboard.press("Escape");
      await page.keyboard.press("h");
      await page.keyboard.type("です");
      await page.keyboard.press("Enter");
      await page.locator("mark.current").waitFor();
      await see("replace");
      await page.keyboard.press("Escape");
      await rows(page).nth(0).locator("[data-action=edit]").click();
      await page.waitForFunction(() => document.querySelector(".source").value);
      await see("text");
      await page.locator("[data-tab=accent]").click();
      await page.locator(".accent").first().waitFor();
      await see("accent");
      await page.locator("[data-action=kana]").first().click();
      await page.locator(".spelling input").fill("鍵");
      await page.keyboard.press("Enter");
      await page.locator(".accents .trouble:visible").waitFor();
      told.kana = await page.locator(".accents .trouble").innerText();
      await page.keyboard.press("Escape");
      await page.locator("[data-tab=manner]").click();
      await page.locator(".manner-of-line select:enabled").waitFor();
      await see("manner");
      await page.locator("[data-key=speed]").fill("1.2");
      await page.locator("[data-key=speed]").blur();
      await page.locator("[data-action=undo]:enabled").waitFor();
      await english.locator("[data-action=undo]:enabled").waitFor();
      told.undo = [await page.locator("[data-action=undo]").getAttribute("aria-label"), await english.locator("[data-action=undo]").getAttribute("aria-label")];
      await page.keyboard.press("Escape");
      await page.keyboard.press("r");
      await page.locator("[data-action=render]").waitFor();
      await see("publish");
      await page.locator("[data-action=render]").click();
      await page.locator(".publish .trouble, .publish .made").first().waitFor();
      await see("rendered");
      await english.context().close();
      return told;
    },
  };
};
