"""QuickBooks Online: ``client`` speaks HTTP, ``faults`` reads refusals, ``wire`` JSON, ``webhook`` pointers."""
