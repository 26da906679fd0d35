resource "aws_vpc_security_group_egress_rule" "a" {
  security_group_id = "sg-a"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}
resource "aws_vpc_security_group_egress_rule" "b" {
  security_group_id = "sg-b"
  ip_protocol       = -1
  from_port         = null
  to_port           = null
  cidr_ipv4         = "0.0.0.0/0"
}
resource "aws_security_group_rule" "c" {
  type              = "egress"
  security_group_id = "sg-c"
  protocol          = "all"
  from_port         = 0
  to_port           = 0
  cidr_blocks       = ["0.0.0.0/0"]
}
resource "aws_security_group_rule" "d" {
  type              = "egress"
  security_group_id = "sg-d"
  protocol          = "-1"
  from_port         = 0
  to_port           = 65535
  cidr_blocks       = ["0.0.0.0/0"]
}
