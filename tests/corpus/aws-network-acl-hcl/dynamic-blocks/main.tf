variable "blocks" {
  default = ["203.0.113.0/24", "198.51.100.0/24"]
}
resource "aws_network_acl" "main" {
  vpc_id = "vpc-1"
  ingress {
    rule_no   = 100
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "0.0.0.0/0"
    from_port = 1024
    to_port   = 65535
  }
  dynamic "egress" {
    for_each = var.blocks
    content {
      rule_no    = 100 + egress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = egress.value
      from_port  = 443
      to_port    = 443
    }
  }
}
