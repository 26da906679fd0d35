variable "office" {}
variable "number" {}
variable "action" {}
variable "port" {}
variable "protocol" {}
resource "aws_network_acl" "main" {
  vpc_id = aws_vpc.main.id
  ingress {
    rule_no   = 100
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "0.0.0.0/0"
    from_port = 1024
    to_port   = 65535
  }
}
resource "aws_network_acl_rule" "peer" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = 100
  egress         = true
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = var.office
  from_port      = 443
  to_port        = 443
}
resource "aws_network_acl_rule" "number" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = var.number
  egress         = true
  protocol       = "tcp"
  rule_action    = "deny"
  cidr_block     = "203.0.113.0/28"
  from_port      = 443
  to_port        = 443
}
resource "aws_network_acl_rule" "action" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = 120
  egress         = true
  protocol       = "tcp"
  rule_action    = var.action
  cidr_block     = "198.51.100.0/24"
  from_port      = 443
  to_port        = 443
}
resource "aws_network_acl_rule" "port" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = 130
  egress         = true
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "192.0.2.0/25"
  from_port      = var.port
  to_port        = var.port
}
resource "aws_network_acl_rule" "protocol" {
  network_acl_id = aws_network_acl.main.id
  rule_number    = 140
  egress         = true
  protocol       = var.protocol
  rule_action    = "allow"
  cidr_block     = "192.0.2.128/25"
  from_port      = 443
  to_port        = 443
}
