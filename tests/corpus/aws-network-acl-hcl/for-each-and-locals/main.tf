locals {
  ports = { web = [100, 443], dns = [110, 853] }
}
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
resource "aws_network_acl_rule" "out" {
  for_each       = local.ports
  network_acl_id = aws_network_acl.main.id
  egress         = true
  rule_number    = each.value[0]
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "203.0.113.0/24"
  from_port      = each.value[1]
  to_port        = each.value[1]
}
