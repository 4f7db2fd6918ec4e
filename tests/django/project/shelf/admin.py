from django.contrib import admin

from .models import Country, Item, Label, Maker

admin.site.register([Maker, Country, Label, Item])
