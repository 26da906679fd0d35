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
        drop tcp any any -> any any (flow:established,to_server; sid:900; rev:1;)
        drop ip any any -> any any (ip_proto:!6; sid:901; rev:1;)
  
