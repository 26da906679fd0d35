resource "aws_ec2_managed_prefix_list" "a" {
  name           = "a"
  address_family = "IPv4"
  max_entries    = 1

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
resource "aws_ec2_managed_prefix_list_entry" "one" {
  prefix_list_id = aws_ec2_managed_prefix_list.a.id
  cidr           = "203.0.113.7/32"
}
resource "aws_ec2_managed_prefix_list_entry" "other" {
  prefix_list_id = "pl-0123"
  cidr           = "0.0.0.0/0"
}
