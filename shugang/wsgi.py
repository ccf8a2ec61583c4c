"""WSGI entry point of the control process."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
application = get_wsgi_application()
