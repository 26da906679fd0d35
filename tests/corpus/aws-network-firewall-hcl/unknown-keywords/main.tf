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
        pass tls any any -> any 443 (tls.sni; content:"api.example.com"; startswith; endswith; ja3.hash; content:"abc"; sid:1;)
        pass tls any any -> any 443 (tls.sni; content:"ample"; sid:2;)
        pass http any any -> any 80 (http.method; content:"GET"; sid:3;)
        pass dns any any -> any 53 (dns.query; content:"x"; sid:4;)
        pass tls any any -> any 8443 (sid:5;)
        alert ip any any -> any any (msg:"seen"; sid:6;)
        drop tcp any any -> any any (flow:established,to_server; sid:900; rev:1;)
        drop ip any any -> any any (ip_proto:!6; sid:901; rev:1;)
      EOT
    }
  }
}
