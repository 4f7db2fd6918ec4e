// SPDX-License-Identifier: BSD-3-Clause
// The example blog on a scratch database, served on a port of its own; and the few words that the tests are written in.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const [root, build] = process.argv.slice(2);
export const password = "quite-a-long-secret";
export const shots = join(build, "screenshots");
mkdirSync(shots, { recursive: true });

const freePort = () => new Promise((done) => {
  const server = createServer();
  server.listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => done(port)); });
});

export async function startSite() {
  const folder = mkdtempSync(join(tmpdir(), "capo-browser-")), port = await freePort();
  const program = join(build, "tests", "blog"), cwd = join(folder, "blog");
  cpSync(join(root, "examples", "blog"), cwd, { recursive: true });
  const env = { ...process.env, DATABASE_URL: `sqlite:${join(folder, "db.sqlite3")}`, SECRET_KEY: "a secret key that is long enough for tests 0123456789",
    ALLOWED_HOSTS: "127.0.0.1", DEBUG: "1", CAPO_SUPERUSER_PASSWORD: password };
  const run = (...words) => execFileSync(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  run("makemigrations", "--noinput");
  run("migrate");
  run("createsuperuser", "--noinput", "--username", "ann", "--email", "ann@example.com");
  run("sampledata");
  const server = spawn(program, ["serve", "--bind", `127.0.0.1:${port}`, "--workers", "1"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => { log += data; });
  const base = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    try { await fetch(`${base}/admin/login/`); break; } catch (error) {
      if (i > 200) throw new Error(`the site does not answer: ${error}\n${log}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  return {
    base, log: () => log,
    async stop() {
      const ended = new Promise((done) => server.on("exit", done));
      server.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startBrowser() {
  const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  return chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
}

let passed = 0, failed = 0;
export function check(good, what) {
  if (good) passed++;
  else { failed++; console.log(`FAILED ${what}`); }
  return good;
}
export function equal(actual, wanted, what) {
  return check(actual === wanted, `${what}: ${JSON.stringify(actual)}, wanted ${JSON.stringify(wanted)}`);
}
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

// Everything that a page says on its console or throws is a failure, CSP violations among it. A click that leads to another page is over when
// that page is whole: on a busy machine its first half is there for a while.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext(options), page = await context.newPage();
  page.setDefaultTimeout(8000);
  page.on("pageerror", (error) => check(false, `script error on ${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) check(false, `console on ${page.url()}: ${message.text()}`);
  });
  const click = page.click.bind(page);
  page.click = async (...words) => {
    await click(...words);
    if (!page.isClosed()) await page.waitForLoadState();
  };
  return page;
}

export async function login(page, base, name = "ann", secret = password) {
  await page.goto(`${base}/admin/login/?next=/admin/`);
  await page.fill("#id_username", name);
  await page.fill("#id_password", secret);
  await page.click("input[type=submit]");
}

const axeSource = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
export async function accessible(page, what) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => axe.run());
  return check(!violations.length, `axe on ${what}:\n${violations.map((v) => `  ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} (${n.failureSummary?.split("\n")[1]?.trim().slice(0, 160)})`).join("\n    ")}`).join("\n")}`);
}

// The Nu checker takes all pages in one run: starting Java costs more than checking.
const documents = [];
export function keepHtml(name, html) {
  const folder = join(build, "html");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.html`);
  writeFileSync(file, html);
  documents.push(file);
}
export function validateHtml() {
  const jar = new URL("node_modules/vnu-jar/build/dist/vnu.jar", import.meta.url).pathname;
  let output = "";
  try { execFileSync("java", ["-jar", jar, "--errors-only", "--format", "json", ...documents], { stdio: ["ignore", "ignore", "pipe"] }); }
  catch (error) { output = error.stderr.toString(); }
  const messages = output ? JSON.parse(output).messages : [];
  for (const file of documents) {
    const own = messages.filter((m) => m.url === `file:${file}`);
    check(!own.length, `HTML of ${file}:\n${own.slice(0, 5).map((m) => `  ${m.lastLine}: ${m.message}\n    ${m.extract?.replaceAll("\n", " ")}`).join("\n")}`);
  }
}
