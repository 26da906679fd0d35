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
        pass tcp any any -> any 443 (flow:not_established; sid:3;)
        pass tls any any -> any 443 (tls.sni; content:"api.example.com"; startswith; nocase; endswith; flow:to_server,established; msg:"x"; sid:1; rev:1;)
        drop tcp any any -> any any (sid:9;)
        drop ip any any -> any any (ip_proto:!6; sid:10;)
      EOT
    }
  }
}
