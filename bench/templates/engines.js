// SPDX-License-Identifier: BSD-3-Clause
// The side of npm's engines of bench/templates/run: engines.js nunjucks|handlebars|eta FOLDER DATA. Commands as in capo.c, show and time.
// All templates are compiled at the start.
"use strict";
const fs = require("fs"), path = require("path"), readline = require("readline");
const [, , engine, folder, dataFile] = process.argv;
const data = JSON.parse(fs.readFileSync(dataFile, "utf8"));
for (const post of data.filters.posts)
    for (const key of ["published", "changed"])
        post[key] = new Date(post[key] + "Z");

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const two = (number) => (number < 10 ? "0" : "") + number;
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text) => (/[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => entities[c]) : text);
const filters = {
    slugify: (text) => text.toLowerCase().replace(/[^\w\s-]/g, "").replace(/[-\s]+/g, "-").replace(/^[-_]+|[-_]+$/g, ""),
    urlencode: (text) => encodeURIComponent(text).replace(/%2F/g, "/"),
    upper: (text) => text.toUpperCase(),
    lower: (text) => text.toLowerCase(),
    titlecase: (text) => text.toLowerCase().replace(/(^|\s)\w/g, (c) => c.toUpperCase()),
    capfirst: (text) => text.charAt(0).toUpperCase() + text.slice(1),
    longdate: (d) => `${d.getUTCDate()} ${months[d.getUTCMonth()]} ${d.getUTCFullYear()}, ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`,
    shortdate: (d) => `${days[d.getUTCDay()]} ${two(d.getUTCDate())} ${months[d.getUTCMonth()].slice(0, 3)} ${two(d.getUTCFullYear() % 100)}`,
    pluralize: (number) => (number === 1 ? "" : "s"),
    floatformat: (number, places) => number.toFixed(places),
    yesno: (value, yes, no) => (value ? yes : no),
    filesizeformat(size) {
        let unit = 0;
        for (; size >= 1024 && unit < 3; unit++)
            size /= 1024;
        return unit ? `${size.toFixed(1)}\u00a0${["", "KB", "MB", "GB"][unit]}` : `${size}\u00a0bytes`;
    },
    truncatewords(text, count) {
        const words = text.trim().split(/\s+/);
        return words.length > count ? words.slice(0, count).join(" ") + " …" : words.join(" ");
    },
    truncatechars: (text, count) => (text.length <= count ? text : text.slice(0, count - 1) + "…"),
    linebreaks: (text) => text.split(/\n{2,}/).map((p) => `<p>${escape(p).replace(/\n/g, "<br>")}</p>`).join("\n\n"),
    wordcount: (text) => text.trim().split(/\s+/).length,
};
const sources = fs.readdirSync(folder).map((file) => [path.parse(file).name, fs.readFileSync(path.join(folder, file), "utf8")]);

function nunjucksRender() {
    const nunjucks = require("nunjucks");
    const env = new nunjucks.Environment(new nunjucks.FileSystemLoader(folder), { autoescape: true });
    for (const name of ["slugify", "longdate", "shortdate", "pluralize", "floatformat", "filesizeformat", "truncatewords", "truncatechars", "wordcount"])
        env.addFilter(name, filters[name]);
    env.addFilter("capfirst", filters.capfirst);
    env.addFilter("yesno", (value, words) => words.split(",")[value ? 0 : 1]);
    env.addFilter("linebreaks", (text) => new nunjucks.runtime.SafeString(filters.linebreaks(text)));
    for (const [name] of sources)
        env.getTemplate(name + ".html", true);
    return (name) => env.getTemplate(name + ".html").render(data[name]);
}

function handlebarsRender() {
    const handlebars = require("handlebars");
    const helpers = Object.assign({}, filters, {
        equal: (a, b) => a === b, less: (a, b) => a < b, plus1: (n) => n + 1, default: (value, otherwise) => value || otherwise,
        join: (list, separator) => list.join(separator),
    });
    const options = { knownHelpersOnly: true, knownHelpers: Object.fromEntries(Object.keys(helpers).map((name) => [name, true])) };
    handlebars.registerHelper(helpers);
    const templates = {};
    for (const [name, source] of sources)
        handlebars.registerPartial(name, (templates[name] = handlebars.compile(source, options)));
    for (const block of ["title", "content", "article"])
        handlebars.unregisterPartial(block);
    return (name) => templates[name](data[name]);
}

function etaRender() {
    const { Eta } = require("eta");
    const eta = new Eta({ autoTrim: false, cache: true });
    eta.filters = filters;
    for (const [name, source] of sources)
        eta.loadTemplate("@" + name, source);
    return (name) => eta.render("@" + name, data[name]);
}

const text = { nunjucks: nunjucksRender, handlebars: handlebarsRender, eta: etaRender }[engine]();
// A response is bytes: the text is put together only here.
const render = (name) => Buffer.from(text(name), "utf8");
readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const [command, name, what] = line.split(" ");
    if (command === "show") {
        fs.writeFileSync(what, render(name));
        console.log("ok");
    } else {
        const start = process.cpuUsage();
        for (let i = 0; i < Number(what); i++)
            render(name);
        const took = process.cpuUsage(start);
        console.log((took.user + took.system) * 1000);
    }
});
