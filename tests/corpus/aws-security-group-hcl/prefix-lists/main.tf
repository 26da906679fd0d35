resource "aws_ec2_managed_prefix_list" "vendor" {
  name           = "vendor"
  address_family = "IPv4"
  max_entries    = 5
  entry {
    cidr        = "203.0.113.0/25"
    description = "one"
  }
  entry {
    cidr = "203.0.113.128/25"
  }
}
resource "aws_vpc_security_group_egress_rule" "listed" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = aws_ec2_managed_prefix_list.vendor.id
}
resource "aws_vpc_security_group_egress_rule" "other" {
  security_group_id = "sg-1"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = "pl-63a5400a"
}
