"""Django configuration of the kernel: template tags, translations, commands."""

from django.apps import AppConfig


class SpmConfig(AppConfig):
    name = "spm"
    label = "spm"
