locals {
  blocks = toset(["192.0.2.1/32", "192.0.2.2/32"])
  ports  = { https = 443, grpc = 8443 }
}
variable "office" {
  default = ["203.0.113.0/24"]
}
resource "aws_vpc_security_group_egress_rule" "each" {
  for_each          = local.blocks
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = local.ports.https
  to_port           = local.ports["https"]
  cidr_ipv4         = each.value
}
resource "aws_vpc_security_group_egress_rule" "by_port" {
  for_each          = local.ports
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
  cidr_ipv4         = "198.51.100.0/24"
}
resource "aws_security_group_rule" "office" {
  count             = 2
  type              = "ingress"
  security_group_id = "sg-1"
  protocol          = "tcp"
  from_port         = 22 + count.index
  to_port           = 22 + count.index
  cidr_blocks       = var.office
}
