/** Deaths as the state keeps them when they are history: the same reason in fewer words. */
import type { CellLoss, Death } from "../../base/index.ts";
import { abridgedDeath } from "../defaults.ts";

export function abridge(death: Death): Death {
  const { messageLengthMax, stackLengthMax } = abridgedDeath;
  if (death.type === "crashed") {
    const { name, message, stack } = death.error;
    if (message.length <= messageLengthMax && stack.length <= stackLengthMax) return death;
    const error = { name, message: message.slice(0, messageLengthMax), stack: stack.slice(0, stackLengthMax) };
    return { ...death, error };
  }
  return death.type === "cell_lost" ? { ...death, loss: abridgeLoss(death.loss) } : death;
}

function abridgeLoss(loss: CellLoss): CellLoss {
  if ((loss.type !== "signal" && loss.type !== "exit") || loss.lastWords === undefined) return loss;
  return { ...loss, lastWords: loss.lastWords.slice(0, abridgedDeath.messageLengthMax) };
}
