"""Django's side of bench/orm/run: the same models and commands as capo.c, see work.h. Argument: the database's URL."""
import datetime, re, sys, time

from django.conf import settings

url = sys.argv[1]
if url.startswith("sqlite:"):
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url[7:]}
else:
    kind, user, password, host, port, name = re.match(r"(\w+)://([^:]*):([^@]*)@([^:]*):(\d+)/(\w+)", url).groups()
    database = {"ENGINE": "django.db.backends." + kind, "NAME": name, "USER": user, "PASSWORD": password, "HOST": host, "PORT": port}
settings.configure(DEBUG=False, USE_TZ=True, TIME_ZONE="UTC", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", DATABASES={"default": database})
import django

django.setup()
from django.db import connection, models

BULK, FEW = 10000, 100


class Shelf(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label, db_table = "bench", "bench_shelf"


class Item(models.Model):
    name = models.CharField(max_length=100)
    code = models.SlugField()
    note = models.TextField()
    amount = models.IntegerField()
    total = models.BigIntegerField()
    price = models.FloatField()
    active = models.BooleanField()
    created = models.DateTimeField()
    shelf = models.ForeignKey(Shelf, models.CASCADE)

    class Meta:
        app_label, db_table = "bench", "bench_item"


class Label(models.Model):
    item = models.ForeignKey(Item, models.CASCADE, related_name="labels")
    word = models.CharField(max_length=20)

    class Meta:
        app_label, db_table = "bench", "bench_label"


start = datetime.datetime(2026, 11, 22, 8, 30, tzinfo=datetime.timezone.utc)
epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
seen = 0


def saw_text(text):
    global seen
    text = text.encode()
    seen += len(text) + text[0]


def saw_item(item):
    global seen
    saw_text(item.name)
    saw_text(item.code)
    saw_text(item.note)
    seen += item.id + item.amount + item.total + int(item.price) + item.active + (item.created - epoch) // datetime.timedelta(microseconds=1) + item.shelf_id


def new_item(i):
    return Item(name="A new item of the shelf", code="a-new-item", note="Nobody has looked at it yet, and somebody should.", amount=i, total=i * 1000000007,
                price=i * 0.25, active=bool(i & 1), created=start + datetime.timedelta(microseconds=i), shelf_id=i % 50 + 1)


def get_rows(count):
    for item in Item.objects.order_by("id")[:count]:
        saw_item(item)


def join_and_prefetch(_):
    for item in Item.objects.order_by("id").select_related("shelf").prefetch_related("labels")[:FEW]:
        saw_item(item)
        saw_text(item.shelf.name)
        for label in item.labels.all():
            saw_text(label.word)


def compile_five(i):
    Item.objects.filter(active=True, amount__gte=i, created__lt=start, code__startswith="a", shelf__name="x").order_by("-created", "id")[:20].query.sql_with_params()


works = {
    "get1": lambda i: saw_item(Item.objects.get(id=i % BULK + 1)),
    "get100": lambda i: get_rows(FEW),
    "get10000": lambda i: get_rows(BULK),
    "insert1": lambda i: new_item(i).save(),
    "insert10000": lambda i: Item.objects.bulk_create([new_item(k) for k in range(BULK)]),
    "update1": lambda i: Item.objects.filter(id=i % BULK + 1).update(amount=i % BULK),
    "join": join_and_prefetch,
    "compile": compile_five,
}


def clean():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM bench_item WHERE id > %s", [BULK])
        cursor.execute("UPDATE bench_item SET amount = id WHERE amount <> id")


for line in sys.stdin:
    words = line.split()
    if words[0] == "time":
        wall, cpu = time.monotonic_ns(), time.process_time_ns()
        for i in range(int(words[2])):
            works[words[1]](i)
        wall, cpu = time.monotonic_ns() - wall, time.process_time_ns() - cpu
        clean()
        print(wall, cpu, flush=True)
    else:
        seen = 0
        works[words[1]](0)
        clean()
        print(seen % 2 ** 64, flush=True)
