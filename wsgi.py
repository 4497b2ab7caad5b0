"""The WSGI entry point: `gunicorn wsgi:app`, or `granian --interface wsgi wsgi:app`."""

from service.app import create_from_environment

app = create_from_environment()
