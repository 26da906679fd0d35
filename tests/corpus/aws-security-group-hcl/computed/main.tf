# What only Terraform knows makes bounds, each named.
resource "aws_vpc_security_group_egress_rule" "block" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = cidrsubnet(var.network, 8, 1)
}
resource "aws_vpc_security_group_egress_rule" "switch" {
  count             = var.enabled ? 1 : 0
  security_group_id = "sg-1"
  ip_protocol       = "udp"
  from_port         = 53
  to_port           = 53
  cidr_ipv4         = "10.0.0.2/32"
}
resource "aws_vpc_security_group_egress_rule" "known" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
  cidr_ipv4         = "10.0.0.3/32"
}
