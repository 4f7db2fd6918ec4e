"""The models of ../../shelf/models.def, as Django says them."""
import uuid

from django.db import models
from django.utils import timezone


class MakerManager(models.Manager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Maker(models.Model):
    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField()
    boss = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="staff")
    objects = MakerManager()

    class Meta:
        ordering = ["name"]

    def natural_key(self):
        return (self.name,)

    def __str__(self):
        return self.name


class Country(models.Model):
    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=50, db_index=True, db_column="country_name")

    class Meta:
        verbose_name_plural = "countries"

    def __str__(self):
        return self.name


class Label(models.Model):
    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    text = models.CharField(max_length=30)

    class Meta:
        ordering = ["text"]

    def __str__(self):
        return self.text


class Item(models.Model):
    name = models.CharField(max_length=200, db_index=True)
    state = models.CharField(max_length=1, choices=[("n", "New"), ("u", "Used")], default="n")
    text = models.TextField(blank=True)
    slug = models.SlugField(blank=True)
    email = models.EmailField(blank=True)
    url = models.URLField(blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    integer = models.IntegerField(default=0)
    big = models.BigIntegerField(default=0)
    small = models.SmallIntegerField(default=0)
    positive = models.PositiveIntegerField(default=0)
    positive_big = models.PositiveBigIntegerField(default=0)
    positive_small = models.PositiveSmallIntegerField(default=0)
    real = models.FloatField(default=0)
    price = models.DecimalField(max_digits=12, decimal_places=3, default=0)
    active = models.BooleanField(default=True)
    maybe = models.BooleanField(null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    hour = models.TimeField(null=True, blank=True)
    moment = models.DateTimeField(default=timezone.now)
    length = models.DurationField(null=True, blank=True)
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    bytes = models.BinaryField(blank=True)
    data = models.JSONField(null=True, blank=True)
    maker = models.ForeignKey(Maker, on_delete=models.CASCADE, related_name="items")
    country = models.ForeignKey(Country, on_delete=models.PROTECT, null=True, blank=True)
    labels = models.ManyToManyField(Label, blank=True, related_name="items")
    similar = models.ManyToManyField("self", blank=True)

    class Meta:
        ordering = ["name"]
        unique_together = [("maker", "name")]
        indexes = [models.Index(fields=["state", "-integer"]), models.Index(fields=["price"], name="shelf_item_price")]
        constraints = [models.UniqueConstraint(fields=["slug", "small"], name="shelf_item_slug_small")]
        permissions = [("sell_item", "Can sell items")]

    def __str__(self):
        return self.name


class Detail(models.Model):
    item = models.OneToOneField(Item, on_delete=models.CASCADE)
    words = models.TextField(blank=True)


class Stock(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_column="of_item")
    count = models.IntegerField(default=0)

    class Meta:
        db_table = "stock_rows"
