add_master_webhook_firewall_rules = true
firewall_inbound_ports            = ["15017"]
