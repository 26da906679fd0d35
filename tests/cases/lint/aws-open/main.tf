resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol = "-1"
  cidr_ipv4 = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "all6" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol = "tcp"
  from_port = 0
  to_port = 65535
  cidr_ipv6 = "::/0"
}

resource "aws_vpc_security_group_egress_rule" "web" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol = "tcp"
  from_port = 443
  to_port = 443
  cidr_ipv6 = "::/0"
}
