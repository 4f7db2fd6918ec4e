"""Rows of every kind, at their edges."""
import datetime
import decimal
import uuid

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType

from shelf.models import Country, Detail, Item, Label, Maker, Stock

UTC = datetime.timezone.utc


def run():
    User.objects.create_superuser("django_admin", "admin@example.com", "a-django-secret-1")
    clerk = User.objects.create_user("clerk", "clerk@example.com", "a-django-secret-1", is_staff=True, first_name="Žofie", last_name="O'Nëill")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_item", "change_item"]))
    buyers = Group.objects.create(name="buyers")
    buyers.permissions.set(Permission.objects.filter(codename__in=["add_maker", "sell_item"]))
    clerk.groups.add(buyers)
    User.objects.create_user("nobody", is_active=False)
    User.objects.update(date_joined=datetime.datetime(2026, 2, 3, 4, 5, 6, 7000, tzinfo=UTC))
    boss = Maker.objects.create(name="Ürsula & Söhne", slug="u-s")
    maker = Maker.objects.create(name='With "quotes" \\ and \u2028', slug="quotes", boss=boss)
    boss.boss = maker
    boss.save()
    cz = Country.objects.create(code="CZ", name="Česko")
    labels = [Label.objects.create(key=uuid.UUID(int=n), text=t) for n, t in ((2**128 - 1, "last"), (1, "first"), (0x0123456789ABCDEF << 64, "middle"))]
    plain = Item.objects.create(name="plain", maker=boss, slug="a", code=uuid.UUID(int=1), moment=datetime.datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
    low = Item.objects.create(
        name="low", maker=maker, country=cz, state="u", text="", slug="b", integer=-2**31, big=-2**63, small=-2**15, real=-1.7976931348623157e308,
        price=decimal.Decimal("-999999999.999"), active=False, maybe=False, day=datetime.date(1, 1, 1), hour=datetime.time(0, 0),
        moment=datetime.datetime(1000, 1, 1, tzinfo=UTC), length=datetime.timedelta(days=-3, microseconds=1), code=uuid.UUID(int=0),
        bytes=b"", data=[], address="0.0.0.0")
    high = Item.objects.create(
        name="high", maker=maker, country=cz, text="a\r\n\tb \U0001F600 \x7f", slug="c", email="a@b.cz", url="https://example.com/?a=b&c=d",
        integer=2**31 - 1, big=2**63 - 1, small=2**15 - 1, positive=2**31 - 1, positive_big=2**63 - 1, positive_small=2**15 - 1, real=5e-324,
        price=decimal.Decimal("999999999.999"), maybe=True, day=datetime.date(9999, 12, 31), hour=datetime.time(23, 59, 59, 999000),
        moment=datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), length=datetime.timedelta(days=100000, seconds=3599, microseconds=999999),
        code=uuid.UUID(int=2**128 - 1), bytes=bytes(range(256)), data={"ключ": [1, 2.5, None, True, "x\"\\ý", {"deep": {}}]}, address="2001:db8::1")
    low.labels.set(labels)
    high.labels.set(labels[:1])
    plain.similar.add(low, high)
    Detail.objects.create(item=plain, words="one to one")
    Stock.objects.create(item=high, count=7)
    LogEntry.objects.create(user=clerk, content_type=ContentType.objects.get_for_model(Item), object_id=str(high.pk), object_repr="high",
                            action_flag=ADDITION, change_message='[{"added": {}}]', action_time=datetime.datetime(2026, 1, 1, tzinfo=UTC))
