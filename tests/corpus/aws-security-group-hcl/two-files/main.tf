resource "aws_security_group" "a" {
  egress {
    from_port   = local.https
    to_port     = local.https
    protocol    = "tcp"
    cidr_blocks = var.blocks
  }
}
