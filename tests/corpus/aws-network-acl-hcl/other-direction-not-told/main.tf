resource "aws_network_acl_rule" "web" {
  network_acl_id = "acl-0a1"
  rule_number    = 100
  egress         = true
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "203.0.113.0/24"
  from_port      = 443
  to_port        = 443
}
resource "aws_network_acl_rule" "esp" {
  network_acl_id = "acl-0a1"
  rule_number    = 110
  egress         = true
  protocol       = "50"
  rule_action    = "allow"
  cidr_block     = "203.0.113.0/24"
}
