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
        pass tls any any -> any 443 (tls.sni; content:"api.example.com"; startswith; nocase; endswith; flow:to_server,established; msg:"x"; sid:1; rev:1;)
        pass tls $HOME_NET any -> $EXTERNAL_NET 443 (tls.sni; dotprefix; content:".example.net"; nocase; endswith; msg:"tree"; flow:to_server, established; sid:2; rev:1;)
        drop tcp any any -> any any (flow:established,to_server; sid:900; rev:1;)
        drop ip any any -> any any (ip_proto:!6; sid:901; rev:1;)
      EOT
    }
  }
}
