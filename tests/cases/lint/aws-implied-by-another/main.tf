resource "aws_vpc_security_group_egress_rule" "narrow" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol = "tcp"
  from_port = 443
  to_port = 443
  cidr_ipv4 = "192.0.2.7/32"
}

resource "aws_vpc_security_group_egress_rule" "wide" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol = "tcp"
  from_port = 443
  to_port = 443
  cidr_ipv4 = "192.0.2.0/24"
}

resource "aws_vpc_security_group_egress_rule" "again" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol = "tcp"
  from_port = 443
  to_port = 443
  cidr_ipv4 = "192.0.2.0/24"
  description = "shop/api: orders (owner shop, expires 2026-10-31)"
}
