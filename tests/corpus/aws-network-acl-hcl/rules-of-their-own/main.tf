resource "aws_network_acl" "main" {
  vpc_id = aws_vpc.main.id
}
resource "aws_network_acl_rule" "web" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = 100
  egress         = true
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "203.0.113.0/24"
  from_port      = 443
  to_port        = 443
}
resource "aws_network_acl_rule" "back" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = 100
  protocol       = "6"
  rule_action    = "allow"
  cidr_block     = "0.0.0.0/0"
  from_port      = 1024
  to_port        = 65535
}
