resource "aws_vpc_security_group_egress_rule" "gre" {
  security_group_id = "sg-1"
  ip_protocol       = "47"
  cidr_ipv4         = "192.0.2.1/32"
}
resource "aws_vpc_security_group_egress_rule" "esp" {
  security_group_id = "sg-1"
  ip_protocol       = 50
  from_port         = 0
  to_port           = 0
  cidr_ipv4         = "192.0.2.1/32"
}
resource "aws_vpc_security_group_egress_rule" "any_port" {
  security_group_id = "sg-1"
  ip_protocol       = "udp"
  from_port         = 0
  to_port           = 65535
  cidr_ipv4         = "192.0.2.2/32"
}
