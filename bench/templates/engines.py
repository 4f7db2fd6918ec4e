# SPDX-License-Identifier: BSD-3-Clause
"""Python's side of bench/templates/run: engines.py django|jinja FOLDER DATA. Commands as in capo.c, show and time."""
import datetime, json, re, sys, time, urllib.parse

engine, folder, data = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3]))
for post in data["filters"]["posts"]:
    for key in "published", "changed":
        post[key] = datetime.datetime.fromisoformat(post[key])


def django_render():
    import django
    from django.conf import settings
    from django.template import engines
    # Everything that costs it time and that the pages do not need is off.
    settings.configure(DEBUG=False, USE_I18N=False, USE_L10N=False, USE_TZ=False, TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [("django.template.loaders.filesystem.Loader", [folder])])]}}])
    django.setup()
    return lambda name: engines["django"].get_template(name + ".html").render(data[name]).encode()


def jinja_render():
    import jinja2
    from markupsafe import Markup, escape

    def slugify(text):
        return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", str(text).lower())).strip("-_")

    def truncatewords(text, count):
        words = str(text).split()
        return " ".join(words[:count]) + " …" if len(words) > count else " ".join(words)

    def truncatechars(text, count):
        return text if len(text) <= count else text[:count - 1] + "…"

    def linebreaks(text):
        paragraphs = re.split("\n{2,}", str(text))
        return Markup("\n\n".join("<p>%s</p>" % str(escape(p)).replace("\n", "<br>") for p in paragraphs))

    def filesizeformat(size):
        for unit in "bytes", "KB", "MB", "GB":
            if size < 1024 or unit == "GB":
                break
            size /= 1024
        return f"{size}\u00a0bytes" if unit == "bytes" else f"{size:.1f}\u00a0{unit}"

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, auto_reload=False)
    environment.filters.update(
        slugify=slugify, truncatewords=truncatewords, truncatechars=truncatechars, linebreaks=linebreaks, filesizeformat=filesizeformat,
        longdate=lambda value: value.strftime("%-d %B %Y, %H:%M"), shortdate=lambda value: value.strftime("%a %d %b %y"),
        pluralize=lambda number: "" if number == 1 else "s", floatformat=lambda number, places: f"{number:.{places}f}",
        yesno=lambda value, words: words.split(",")[not value], capfirst=lambda text: text[:1].upper() + text[1:],
        wordcount=lambda text: len(text.split()))
    return lambda name: environment.get_template(name + ".html").render(data[name]).encode()


render = django_render() if engine == "django" else jinja_render()
for line in sys.stdin:
    command, name, what = line.split()
    if command == "show":
        open(what, "wb").write(render(name))
        print("ok", flush=True)
    else:
        start = time.process_time_ns()
        for _ in range(int(what)):
            render(name)
        print(time.process_time_ns() - start, flush=True)
