"""What every whole-thigh modality shares: groups of muscles, sides, the fascial envelope, volumes and areas."""
