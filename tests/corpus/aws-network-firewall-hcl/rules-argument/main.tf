resource "aws_networkfirewall_rule_group" "main" {
  name     = "egress"
  type     = "STATEFUL"
  capacity = 10
  rules    = "drop ip any any -> any any (sid:1;)"
}
