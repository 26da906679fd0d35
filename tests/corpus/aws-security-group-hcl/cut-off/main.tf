resource "aws_vpc_security_group_egress_rule" "a" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
