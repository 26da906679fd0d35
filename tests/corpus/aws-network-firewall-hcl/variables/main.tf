resource "aws_networkfirewall_rule_group" "main" {
  name     = "egress"
  type     = "STATEFUL"
  capacity = 100

  rule_group {
    rule_variables {
      ip_sets {
        key = "HOME_NET"
        ip_set {
          definition = ["10.0.0.0/8"]
        }
      }
      port_sets {
        key = "HTTPS"
        port_set {
          definition = ["443", "8443:8445"]
        }
      }
    }
    stateful_rule_options {
      rule_order = "STRICT_ORDER"
    }
    rules_source {
      rules_string = <<-EOT
        pass tcp $HOME_NET any -> $EXTERNAL_NET $HTTPS (flow:to_server; sid:1;)
        drop tcp any any -> any any (flow:established,to_server; sid:900; rev:1;)
        drop ip any any -> any any (ip_proto:!6; sid:901; rev:1;)
      EOT
    }
  }
}
