resource "aws_vpc_security_group_egress_rule" "a" {
  security_group_id = var.group
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "192.0.2.0/24"
}
resource "aws_security_group_rule" "b" {
  type                     = var.direction
  security_group_id        = "sg-1"
  protocol                 = "tcp"
  from_port                = 22
  to_port                  = 22
  source_security_group_id = data.aws_security_group.bastion.id
}
