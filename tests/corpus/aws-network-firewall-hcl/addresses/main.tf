resource "aws_networkfirewall_rule_group" "main" {
  name     = "egress"
  type     = "STATEFUL"
  capacity = 100

  rule_group {
    stateful_rule_options {
      rule_order = "STRICT_ORDER"
    }
    rules_source {
      rules_string = <<-EOT
        pass tcp any any -> [192.0.2.0/24, 198.51.100.7] [443,8000:8100] (flow:to_server; sid:1;)
        pass udp any any -> 203.0.113.53 53 (sid:2;)
        pass icmp any any -> 192.0.2.0/24 any (itype:8; sid:3;)
        pass ip any any -> 2001:db8::/32 any (ip_proto:50; sid:4;)
        drop tcp any any -> any any (flow:established,to_server; sid:900; rev:1;)
        drop ip any any -> any any (ip_proto:!6; sid:901; rev:1;)
      EOT
    }
  }
}
