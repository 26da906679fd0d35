# One rule for each protocol, port and block, as the provider asks for.
resource "aws_security_group" "agents" {
  name   = "agents"
  vpc_id = var.vpc_id
}
resource "aws_vpc_security_group_egress_rule" "api" {
  security_group_id = aws_security_group.agents.id
  description       = "API"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "192.0.2.0/25"
}
resource "aws_vpc_security_group_egress_rule" "api_v6" {
  security_group_id = aws_security_group.agents.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv6         = "2001:DB8:0:0::/64"
}
resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.agents.id
  ip_protocol                  = "udp"
  from_port                    = 8472
  to_port                      = 8472
  referenced_security_group_id = aws_security_group.agents.id
}
