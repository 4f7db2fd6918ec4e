// SPDX-License-Identifier: BSD-3-Clause
// The admin in headless Chromium, on the example blog: what a person does with and without scripts; axe and the Nu checker on every
// page; screenshots of every page in three widths and both themes.        node run.mjs ROOT BUILD
import { join } from "node:path";
import { accessible, check, equal, finish, keepHtml, login, openPage, password, shots, startBrowser, startSite, validateHtml } from "./site.mjs";

const site = await startSite(), browser = await startBrowser();
const admin = `${site.base}/admin`, posts = `${admin}/blog/post/`;
const part = async (name, run) => {
  try { await run(); } catch (error) { check(false, `${name}: ${error.message.split("\n").slice(0, 6).join("\n")}`); }
};
const text = (page, selector) => page.locator(selector).first().innerText();
const onePixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const rows = (page) => page.locator("#result_list tbody tr").count();

// --- what a person does -------------------------------------------------------------------------------------------------
const page = await openPage(browser, { viewport: { width: 1280, height: 900 } });

await part("log in", async () => {
  await page.goto(`${admin}/`);
  check(page.url().includes("/admin/login/?next=/admin/"), `strangers are sent to the login, not ${page.url()}`);
  await login(page, site.base, "ann", "wrong");
  check((await text(page, ".errornote")).startsWith("Please enter the correct username and password"), "a wrong password is refused");
  await login(page, site.base);
  equal(await text(page, "h1"), "Site administration", "the index");
});

await part("add with an inline, slug and completion", async () => {
  await page.goto(`${posts}add/`);
  await page.fill("#id_title", "Čeština & Bees");
  equal(await page.inputValue("#id_slug"), "cestina-bees", "the slug follows the title");
  await page.fill("#id_body", "Where to begin.");
  await page.fill("#id_author_search", "an");
  await page.locator("#id_author_list [role=option]").first().click();
  check((await text(page, ".field-author .chip")).startsWith("ann"), "the author is chosen");
  await page.fill("#id_tags_search", "tool");
  await page.locator("#id_tags_list [role=option]").first().click();
  await page.locator(".field-published .datetimeshortcuts button").click();
  check(/^\d{4}-\d\d-\d\d$/.test(await page.inputValue("#id_published_0")), "Now fills the date");
  await page.locator("#comments-group .add-row button").click();
  await page.fill("#id_comments-0-name", "Bob");
  await page.fill("#id_comments-0-email", "bob@example.com");
  await page.fill("#id_comments-0-body", "First!");
  equal(await page.inputValue("#id_comments-TOTAL_FORMS"), "1", "the row is counted");
  await page.locator("#comments-group .add-row button").click();
  await page.locator("#comments-1 .inline-deletelink").click();
  equal(await page.inputValue("#id_comments-TOTAL_FORMS"), "1", "the row taken out is not");
  await page.keyboard.press("Control+s");
  await page.waitForURL(/change/);
  check((await text(page, ".messagelist")).includes("The post “Čeština & Bees” was added successfully. You may edit it again below."), "the message");
  equal(await page.inputValue("#id_comments-0-name"), "Bob", "the comment was saved");
});

await part("errors are shown with links and focus", async () => {
  await page.fill("#id_title", "");
  await page.click("input[name=_save]");
  check((await text(page, ".errornote")).includes("Please correct the error below."), "the note");
  check(await page.evaluate(() => document.activeElement.classList.contains("error-summary")), "the summary has the focus");
  await page.click(".error-links a");
  equal(await page.evaluate(() => document.activeElement.id), "id_title", "its link leads to the field");
  equal(await page.getAttribute("#id_title", "aria-invalid"), "true", "the field says that it is invalid");
});

await part("an unsaved form warns", async () => {
  let asked = false;
  page.once("dialog", (dialog) => { asked = true; dialog.accept(); });
  await page.fill("#id_title", "Changed");
  await page.goto(posts).catch(() => {});
  check(asked, "leaving asks first");
});

await part("edit", async () => {
  await page.goto(posts);
  await page.click("text=Čeština & Bees");
  await page.fill("#id_title", "Bees");
  await page.check("#id_comments-0-DELETE");
  await page.click("input[name=_save]");
  check((await text(page, ".messagelist")).includes("The post “Bees” was changed successfully."), "the message");
  equal(await text(page, ".paginator .total"), "13 posts", "the count");
});

await part("a picture is uploaded, replaced and cleared", async () => {
  const one = onePixel;
  const upload = (name, buffer) => page.setInputFiles("#id_cover", { name, mimeType: "image/png", buffer });
  const save = async () => { await page.click("input[name=_continue]"); await page.waitForSelector(".messagelist, .errornote"); };
  await page.goto(posts);
  await page.click("#result_list >> text=Bees");
  const change = page.url();
  equal(await page.getAttribute("form.object-form", "enctype"), "multipart/form-data", "the form's encoding");
  equal(await page.getAttribute("#id_cover", "accept"), "image/*", "the browser is told what is wanted");
  await upload("page.png", Buffer.from("<html><script>alert(1)</script>"));
  await save();
  check((await text(page, ".field-cover .errorlist, .field-cover .error")).includes("Upload a valid image."), "what is no picture is refused");
  await page.goto(change);
  equal(await page.locator(".field-cover a").count(), 0, "nothing of it was kept");
  await upload("My Boat.png", one);
  await save();
  const first = await page.getAttribute(".field-cover .file-upload a", "href");
  check(/^\/media\/covers\/\d{4}\/\d\d\/My_Boat\.png$/.test(first), `its address: ${first}`);
  const answer = await page.context().request.get(site.base + first);
  equal(answer.headers()["content-type"], "image/png", "its type");
  equal(answer.headers()["x-content-type-options"], "nosniff", "and no other");
  equal((await answer.body()).equals(one), true, "its bytes");
  const picture = await openPage(browser, {});
  await picture.goto(site.base + first);
  equal(await picture.evaluate(() => document.images[0].naturalWidth), 1, "the browser shows it");
  await picture.context().close();
  await upload("My Boat.png", Buffer.concat([one, Buffer.from("more")]));
  await save();
  const second = await page.getAttribute(".field-cover .file-upload a", "href");
  check(/My_Boat_[A-Za-z0-9]{7}\.png$/.test(second), `replaced, under a name of its own: ${second}`);
  await page.fill("#id_body", "Other words.");
  await save();
  equal(await page.getAttribute(".field-cover .file-upload a", "href"), second, "saving without a file keeps it");
  await page.check("#cover-clear_id");
  await upload("again.png", one);
  await save();
  check((await text(page, ".field-cover .errorlist, .field-cover .error")).includes("either submit a file or check the clear checkbox"), "both are refused");
  await page.goto(change);
  await page.check("#cover-clear_id");
  await save();
  equal(await page.locator(".field-cover a").count(), 0, "cleared");
  equal((await page.context().request.get(site.base + second)).status(), 200, "the file itself stays");
  await upload("cover.png", one);
  await save();
  await page.goto(posts);
});

await part("search, filter, sort", async () => {
  await page.keyboard.press("/");
  equal(await page.evaluate(() => document.activeElement.id), "searchbar", "/ goes to the search");
  await page.keyboard.type("bees");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=bees/);
  equal(await rows(page), 1, "found");
  check((await text(page, "#changelist-search")).includes("1 result (13 total)"), "the count of results");
  await page.click("text=13 total");
  await page.click("summary:has-text('Tags')");
  await page.click("details[open] a:has-text('testing')");
  check(page.url().includes("tags__id__exact="), "the filter is in the URL");
  equal(await rows(page), 3, "filtered");
  await page.click("text=Clear all filters");
  await page.click("th.column-views a.text");
  await page.waitForURL(/o=/);
  equal(await page.getAttribute("th.column-views", "aria-sort"), "ascending", "sorted");
  await page.click("th.column-views a.text");
  equal(await page.getAttribute("th.column-views", "aria-sort"), "descending", "turned");
  await page.click("th.column-views .sortremove");
  equal(await page.getAttribute("th.column-views", "aria-sort"), null, "removed");
  await page.goto(posts);
  const years = await page.locator(".date-hierarchy a").count();
  check(years > 0, "the date hierarchy has links");
  await page.click(".date-hierarchy a >> nth=0");
  check(/published__(year|month)=/.test(page.url()), "they narrow the list");
});

await part("bulk edit", async () => {
  await page.goto(`${posts}?published__isnull=True`);
  equal(await rows(page), 1, "one draft");
  check(!(await page.locator(".actions").isVisible()), "the bar is away");
  await page.check("#action-toggle");
  check(await page.locator(".actions").isVisible(), "the bar comes");
  equal(await text(page, ".action-counter"), "1 of 1 selected", "it counts");
  await page.selectOption("select[name=action]", "publish");
  await page.click("button[name=index]");
  check((await text(page, ".messagelist")).includes("1 posts are now public."), "the action's message");
  equal(await rows(page), 0, "no draft is left");
});

await part("delete, one and several", async () => {
  await page.goto(`${posts}?q=bees`);
  await page.click("#result_list tbody th a");
  await page.click("a.deletelink");
  const question = await text(page, ".confirm");
  check(question.includes("Are you sure you want to delete the post “Bees”?"), `it asks: ${question}`);
  await page.click("input[type=submit].danger");
  check((await text(page, ".messagelist")).includes("The post “Bees” was deleted successfully."), "it says so");
  await page.goto(posts);
  await page.locator("input.action-select").nth(0).click();
  await page.locator("input.action-select").nth(2).click({ modifiers: ["Shift"] });
  equal(await text(page, ".action-counter"), `3 of ${await rows(page)} selected`, "shift selects a range");
  await page.selectOption("select[name=action]", "delete_selected");
  await page.click("button[name=index]");
  check((await text(page, ".confirm")).includes("Are you sure you want to delete the selected posts?"), "it asks for several");
  await page.click("input[type=submit].danger");
  check((await text(page, ".messagelist")).includes("Successfully deleted 3 posts."), "it says how many");
});

await part("a related object by pop-up", async () => {
  await page.goto(`${posts}add/`);
  const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#add_id_tags")]);
  await popup.fill("#id_name", "bees");
  await Promise.all([popup.waitForEvent("close"), popup.click("input[name=_save]")]);
  await page.locator(".field-tags .chip").first().waitFor();
  equal((await text(page, ".field-tags .chip")).trim(), "bees", "the new tag is chosen");
});

await part("theme, sidebar, keys", async () => {
  await page.goto(`${admin}/`);
  await page.click(".theme-toggle");
  await page.click(".theme-toggle");
  equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "the theme cycles");
  await page.reload();
  equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "and is kept");
  await page.click(".theme-toggle");
  await page.fill("#nav-filter", "tag");
  equal(await page.locator(".nav-app:visible .nav-model:visible").count(), 1, "the sidebar is filtered");
  await page.fill("#nav-filter", "");
  await page.locator("h1").click();
  await page.keyboard.press("?");
  check(await page.locator("#shortcuts").isVisible(), "? lists the keys");
  await page.keyboard.press("Escape");
});

await part("users in two steps, password, history, log out", async () => {
  await page.goto(`${admin}/auth/user/add/`);
  await page.fill("#id_username", "bob");
  await page.fill("#id_password1", password);
  await page.fill("#id_password2", password);
  await page.click("input[name=_save]");
  await page.waitForURL(/change/);
  await page.check("#id_is_staff");
  await page.locator(".field-user_permissions .ticks input[type=search]").fill("view post");
  await page.locator(".field-user_permissions .ticks li:visible input").first().check();
  await page.click("input[name=_save]");
  check((await text(page, ".messagelist")).includes("was changed successfully"), "the user is saved");
  await page.click("#result_list >> text=bob");
  await page.click("a.historylink");
  equal(await page.locator("#change-history tbody tr").count(), 2, "two entries of history");
  const bob = await openPage(browser, {});
  await login(bob, site.base, "bob");
  equal(await bob.locator(".nav-model").count(), 1, "bob sees what he may");
  await bob.goto(posts);
  equal(await bob.locator("a.addlink").count(), 0, "and may not add");
  await bob.click("#result_list tbody th a");
  equal(await text(bob, "h1"), "View post", "he views");
  await bob.click(".user-menu summary");
  await bob.click("#logout-form button");
  check((await text(bob, "main")).includes("Log in again"), "logged out");
  await bob.context().close();
});

// --- without scripts -------------------------------------------------------------------------------------------------------
await part("without scripts", async () => {
  const plain = await openPage(browser, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  await login(plain, site.base);
  await plain.goto(`${posts}add/`);
  await plain.fill("#id_title", "By hand");
  await plain.fill("#id_slug", "by-hand");
  await plain.fill("#id_body", "x");
  await plain.selectOption("#id_author", { label: "ann" });
  await plain.selectOption("#id_tags", [{ label: "c" }, { label: "tools" }]);
  await plain.click("input[name=_save]");
  check((await text(plain, ".messagelist")).includes("The post “By hand” was added successfully."), "added");
  await plain.locator("tr:has-text('By hand') input.action-select").check();
  await plain.selectOption("select[name=action]", "delete_selected");
  await plain.click("button[name=index]");
  await plain.click("input[type=submit].danger");
  check((await text(plain, ".messagelist")).includes("Successfully deleted 1 post."), "deleted");
  await plain.context().close();
});

// --- every page: HTML, accessibility, looks -----------------------------------------------------------------------------------
const first = async (url) => {
  await page.goto(url);
  return page.evaluate(() => document.querySelector("#result_list tbody th a").href);
};
const post = (await first(`${posts}?q=string`)).replace(/\?.*/, ""), user = await first(`${admin}/auth/user/`), group = `${admin}/auth/group/add/`;
const pages = {
  index: `${admin}/`, "app-index": `${admin}/blog/`, list: posts, "list-filtered": `${posts}?tags__id__exact=1&q=a`, "list-empty": `${posts}?q=nothing-at-all`,
  "list-small": `${admin}/blog/tag/`, add: `${posts}add/`, change: post, delete: post.replace("change", "delete"), history: post.replace("change", "history"),
  users: `${admin}/auth/user/`, "user-add": `${admin}/auth/user/add/`, user, "user-password": user.replace("change", "password"), "group-add": group,
  "password-change": `${admin}/password_change/`, "password-change-done": `${admin}/password_change/done/`, "not-found": `${admin}/no/such/`,
  popup: `${admin}/blog/tag/add/?_popup=1`,
};
await part("a picture for the change page", async () => {
  await page.goto(post);
  await page.setInputFiles("#id_cover", { name: "a-picture-with-a-rather-long-name-that-does-not-fit-on-a-small-screen.png", mimeType: "image/png", buffer: onePixel });
  await page.click("input[name=_continue]");
  equal(await page.locator(".file-upload a").count(), 1, "it is there");
});
const state = await page.context().storageState();

await part("the HTML of every page", async () => {
  for (const [name, url] of Object.entries(pages)) keepHtml(name, await (await page.context().request.get(url)).text());
  const body = await page.context().request.get(`${posts}add/`).then((r) => r.text());
  const token = body.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)[1];
  const wrong = await page.context().request.post(`${posts}add/`, { form: { csrfmiddlewaretoken: token, title: "", "comments-TOTAL_FORMS": "1", "comments-INITIAL_FORMS": "0", "comments-0-name": "x" } });
  keepHtml("add-errors", await wrong.text());
  const stranger = await browser.newContext();
  keepHtml("login", await (await stranger.request.get(`${admin}/login/`)).text());
  await stranger.close();
  validateHtml();
});

for (const theme of ["light", "dark"])
  for (const width of [360, 1024, 1920]) {
    const small = width < 500;
    const looks = await openPage(browser, { storageState: state, colorScheme: theme, viewport: { width, height: small ? 760 : 900 }, isMobile: small, hasTouch: small });
    const look = async (name) => {
      await looks.waitForTimeout(60);
      await looks.screenshot({ path: join(shots, `${name}-${width}-${theme}.png`), fullPage: small });
      const over = await looks.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(over <= 0, `${name} at ${width} is ${over} px too wide`);
      await accessible(looks, `${name} at ${width}, ${theme}`);
    };
    for (const [name, url] of Object.entries(pages))
      await part(`${name} at ${width}, ${theme}`, async () => { await looks.goto(url); await look(name); });
    await part(`states at ${width}, ${theme}`, async () => {
      await looks.goto(`${posts}add/`);
      await looks.click("input[name=_save]");
      await looks.waitForSelector(".error-summary");
      await look("add-errors");
      await looks.goto(posts);
      await looks.locator("input.action-select").first().check();
      await looks.waitForTimeout(200);
      await look("list-selected");
      await looks.click("summary:has-text('Tags')");
      await look("list-filter-open");
      await looks.goto(`${posts}add/`);
      await looks.click("#id_author_search");
      await looks.locator("#id_author_list [role=option]").first().waitFor();
      await looks.locator("#comments-group .add-row button").click();
      await look("add-open");
      if (width < 900) {
        await looks.goto(`${admin}/`);
        await looks.click(".drawer-open");
        await look("drawer");
      }
    });
    await looks.context().close();
    const stranger = await openPage(browser, { colorScheme: theme, viewport: { width, height: 800 } });
    await stranger.goto(`${admin}/login/`);
    await stranger.screenshot({ path: join(shots, `login-${width}-${theme}.png`) });
    await accessible(stranger, `login at ${width}, ${theme}`);
    await stranger.context().close();
  }

await browser.close();
await site.stop();
check(!/ERROR: AddressSanitizer|runtime error|LeakSanitizer/.test(site.log()), `the server's log:\n${site.log().slice(-3000)}`);
finish();
