resource "aws_security_group_rule" "ping" {
  type              = "egress"
  security_group_id = "sg-1"
  protocol          = "icmp"
  from_port         = 8
  to_port           = 0
  cidr_blocks       = ["10.0.0.0/8"]
}
resource "aws_security_group_rule" "unreachable" {
  type              = "egress"
  security_group_id = "sg-1"
  protocol          = "1"
  from_port         = 3
  to_port           = -1
  cidr_blocks       = ["10.0.0.0/8"]
}
resource "aws_security_group_rule" "all_v6" {
  type              = "ingress"
  security_group_id = "sg-1"
  protocol          = "icmpv6"
  from_port         = -1
  to_port           = -1
  ipv6_cidr_blocks  = ["fe80::/10"]
}
