"""The example blog's models in Django, on the tables that Capo migrated."""
from django.conf import settings
from django.db import models


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering = ["name"]
        managed = False


class Post(models.Model):
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True)
    body = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="posts")
    tags = models.ManyToManyField(Tag, blank=True, related_name="posts")
    published = models.DateTimeField(null=True, blank=True, db_index=True)
    views = models.IntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-published", "title"]
        managed = False
