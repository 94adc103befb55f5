"""Mail: ``render`` makes the texts, ``letter`` the message, ``client`` gives it to SES, ``webhook`` reads events."""
