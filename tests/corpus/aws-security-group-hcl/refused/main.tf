resource "aws_vpc_security_group_egress_rule" "backwards" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 80
  cidr_ipv4         = "192.0.2.0/24"
}
resource "aws_vpc_security_group_egress_rule" "host_bits" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "192.0.2.1/24"
}
resource "aws_vpc_security_group_egress_rule" "two_peers" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "192.0.2.0/24"
  prefix_list_id    = "pl-1"
}
resource "aws_vpc_security_group_egress_rule" "no_peer" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
