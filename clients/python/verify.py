"""Verifies a webhook's delivery, given as JSON, with the library of Standard Webhooks."""

import json
import sys

from standardwebhooks import Webhook

delivery = json.load(sys.stdin)
event = Webhook(delivery["secret"]).verify(delivery["body"], delivery["headers"])
print(event["type"])
