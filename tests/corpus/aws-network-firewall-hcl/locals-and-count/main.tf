locals {
  domains = ["a.example.com", ".example.net"]
}

resource "aws_networkfirewall_rule_group" "main" {
  name     = "egress"
  type     = "STATEFUL"
  capacity = 100
  count    = 1

  rule_group {
    stateful_rule_options {
      rule_order = "STRICT_ORDER"
    }
    rules_source {
      rules_source_list {
        generated_rules_type = "ALLOWLIST"
        target_types         = ["TLS_SNI", "HTTP_HOST"]
        targets              = local.domains
      }
    }
  }
}
