variable "rules" {
  default = [
    { port = 443, to = ["192.0.2.0/24"] },
    { port = 8443, to = ["192.0.2.0/24", "198.51.100.0/24"] },
  ]
}
resource "aws_security_group" "a" {
  dynamic "egress" {
    for_each = var.rules
    iterator = rule
    content {
      from_port   = rule.value.port
      to_port     = rule.value["port"]
      protocol    = "tcp"
      cidr_blocks = rule.value.to
    }
  }
}
